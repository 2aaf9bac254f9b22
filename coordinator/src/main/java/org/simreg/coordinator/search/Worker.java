package org.simreg.coordinator.search;

/**
 * A worker that attends and answers orders about searches.
 *
 * @param name unique in the cluster
 * @param address on the event bus, another one for every process
 * @param memory bytes that its shards may take
 */
public record Worker(String name, String address, long memory) implements Comparable<Worker> {
    @Override
    public int compareTo(Worker other) {
        int byName = name.compareTo(other.name);
        return byName != 0 ? byName : address.compareTo(other.address);
    }
}
