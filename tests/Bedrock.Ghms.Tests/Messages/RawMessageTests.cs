using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Tests.Messages;

[NonParallelizable]
public sealed class RawMessageTests
{
    [Test]
    public void It_holds_a_copy_of_its_payload()
    {
        var bytes = "abc"u8.ToArray();
        using var message = RawMessage.Create(30, bytes, MediaTypes.Json);
        bytes[0] = 0;
        Assert.That(message.Payload.ToArray(), Is.EqualTo("abc"u8.ToArray()));
        Assert.That((message.Code, message.Encoding), Is.EqualTo((30u, MediaTypes.Json)));
    }

    [Test]
    public void The_last_Dispose_gives_the_memory_back()
    {
        var before = FrameBuffer.Outstanding;
        var message = RawMessage.Create(30, "abc"u8.ToArray());
        message.Retain();
        message.Dispose();
        Assert.That(message.Payload.Length, Is.EqualTo(3), "one reference is left");
        message.Dispose();
        Assert.That(FrameBuffer.Outstanding, Is.EqualTo(before));
    }

    [Test]
    public void Nothing_works_without_a_reference()
    {
        var message = RawMessage.Create(30, "abc"u8.ToArray());
        message.Dispose();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => message.Payload, Throws.TypeOf<ObjectDisposedException>());
            Assert.That(message.Retain, Throws.TypeOf<ObjectDisposedException>());
            Assert.That(message.Dispose, Throws.TypeOf<ObjectDisposedException>());
            Assert.That(message.Code, Is.EqualTo(30u), "the code is no memory");
        }
    }

    [Test]
    public void Many_threads_may_share_it()
    {
        var before = FrameBuffer.Outstanding;
        var message = RawMessage.Create(30, "abc"u8.ToArray());
        Parallel.For(0, 1_000, _ =>
        {
            message.Retain();
            message.Dispose();
        });
        Assert.That(message.Payload.Length, Is.EqualTo(3));
        message.Dispose();
        Assert.That(FrameBuffer.Outstanding, Is.EqualTo(before));
    }
}
