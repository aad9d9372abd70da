package bus

// PartitionOf returns the partition of a key among so many: the murmur2 partitioner of the Java client and of franz-go's
// StickyKeyPartitioner, so that every producer of a topic agrees.
func PartitionOf(key string, partitions int) int32 {
	return int32((murmur2(key) & 0x7fffffff) % uint32(partitions))
}

// murmur2 is Austin Appleby's MurmurHash2 with the seed that Apache Kafka uses (org.apache.kafka.common.utils.Utils).
func murmur2(key string) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h = h*m ^ k
	}
	if tail := len(key); tail > 0 {
		for i := tail - 1; i >= 0; i-- {
			h ^= uint32(key[i]) << (8 * i)
		}
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
