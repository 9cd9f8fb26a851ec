using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using MessagePack;

namespace Bedrock.Ghms.MessagePack;

/// <summary>
/// Finds the members that a type requires and that may not be null: declared <see langword="required"/>, or set by a
/// constructor parameter without a default value. Reflects once a type, and compiles one delegate that checks them all.
/// </summary>
internal static class RequiredMembers
{
    /// <summary>A delegate that names the first such member that is null, or null if the type has no such members.</summary>
    public static Func<T, string?>? FindMissing<T>()
    {
        var value = Expression.Parameter(typeof(T));
        Expression none = Expression.Constant(null, typeof(string));
        var first = Of(typeof(T)).Reverse().Aggregate(none, (next, member) => Expression.Condition(
            Expression.ReferenceEqual(Expression.MakeMemberAccess(value, member), Expression.Constant(null)),
            Expression.Constant(member.Name),
            next));
        return first == none ? null : Expression.Lambda<Func<T, string?>>(first, value).Compile();
    }

    private static IEnumerable<MemberInfo> Of(Type type)
    {
        var nullability = new NullabilityInfoContext();
        var parameters = ConstructorParameters(type);
        return type.GetMembers(BindingFlags.Instance | BindingFlags.Public)
            .Where(member => member.IsDefined(typeof(RequiredMemberAttribute)) || parameters.Any(parameter => IsNamed(member, parameter)))
            .Where(member => Nullability(member, nullability)?.ReadState == NullabilityState.NotNull);
    }

    private static NullabilityInfo? Nullability(MemberInfo member, NullabilityInfoContext context) => member switch
    {
        PropertyInfo { CanRead: true, PropertyType.IsValueType: false } property when property.GetIndexParameters() is [] => context.Create(property),
        FieldInfo { FieldType.IsValueType: false } field => context.Create(field),
        _ => null,
    };

    // The library's choice: the constructor that is marked, else the longest whose parameters all are members.
    private static ParameterInfo[] ConstructorParameters(Type type)
    {
        var members = type.GetMembers(BindingFlags.Instance | BindingFlags.Public);
        return type.GetConstructors()
            .OrderByDescending(constructor => constructor.IsDefined(typeof(SerializationConstructorAttribute)))
            .ThenByDescending(constructor => constructor.GetParameters().Length)
            .Select(constructor => constructor.GetParameters())
            .FirstOrDefault(parameters => parameters.All(parameter => members.Any(member => IsNamed(member, parameter))), [])
            .Where(parameter => !parameter.HasDefaultValue)
            .ToArray();
    }

    private static bool IsNamed(MemberInfo member, ParameterInfo parameter) =>
        member is PropertyInfo or FieldInfo && string.Equals(member.Name, parameter.Name, StringComparison.OrdinalIgnoreCase);
}
