using System.Buffers;
using System.Collections.Concurrent;

namespace Bedrock.Ghms.Benchmarks.Support;

/// <summary>Keeps every block it ever made, as Kestrel's pool does; the shared array pool keeps too few for a thousand connections.</summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    private const int BlockSize = 4_096;
    private readonly ConcurrentQueue<Block> _blocks = [];

    public override int MaxBufferSize => BlockSize;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => _blocks.TryDequeue(out Block? block) ? block : new Block(this);

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = new byte[BlockSize];

        public void Dispose() => pool._blocks.Enqueue(this);
    }
}
