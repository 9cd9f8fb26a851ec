using System.Net;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Broker.Upgrades;

/// <summary>The room that a server has for connections, in all and from one address. A place is taken before the 101 and left when the transport is gone.</summary>
internal sealed class ConnectionRoom(int places, int placesPerAddress)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _taken;

    /// <summary>How many places are taken.</summary>
    public int Taken
    {
        get
        {
            lock (_sync)
            {
                return _taken;
            }
        }
    }

    /// <returns><see cref="UpgradeRejection.None"/> when a place was taken.</returns>
    public UpgradeRejection TryTake(EndPoint? remote)
    {
        var address = AddressOf(remote);
        lock (_sync)
        {
            if (_taken >= places)
            {
                return UpgradeRejection.NoRoom;
            }

            if (address is not null)
            {
                var fromThere = _byAddress.GetValueOrDefault(address);
                if (fromThere >= placesPerAddress)
                {
                    return UpgradeRejection.NoRoomForAddress;
                }

                _byAddress[address] = fromThere + 1;
            }

            _taken++;
            return UpgradeRejection.None;
        }
    }

    /// <summary>Leaves the place when the transport is gone, which may be later than its user lets go of it.</summary>
    /// <param name="remote">The end point that the place was taken for.</param>
    /// <param name="closed">Fires when the transport is gone, if it can tell.</param>
    public void LeaveWhen(EndPoint? remote, CancellationToken closed)
    {
        if (closed.CanBeCanceled)
        {
            closed.UnsafeRegister(_ => Leave(remote), null);
        }
        else
        {
            Leave(remote);
        }
    }

    /// <param name="remote">The end point that the place was taken for.</param>
    public void Leave(EndPoint? remote)
    {
        var address = AddressOf(remote);
        lock (_sync)
        {
            _taken--;
            if (address is not null && --_byAddress[address] is var left && left == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }

    // Without a limit nobody pays for the table.
    private IPAddress? AddressOf(EndPoint? remote) =>
        placesPerAddress == int.MaxValue || remote is not IPEndPoint { Address: var address } ? null
            : address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : address;
}
