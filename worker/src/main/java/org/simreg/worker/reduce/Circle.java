package org.simreg.worker.reduce;

import java.util.List;

/**
 * The members of one generation of a job, as one of them sees it.
 *
 * @param job id of the job
 * @param generation its number; messages of another one are refused
 * @param rank place of this worker in the list
 * @param peers in order of rank, this worker among them; their leaves follow each other without a
 *     gap, from 0
 */
public record Circle(String job, long generation, int rank, List<Peer> peers) {
    /**
     * A member.
     *
     * @param worker its name
     * @param address where its lanes are reached
     * @param first its first leaf of a step
     * @param count its leaves, at least 1
     */
    public record Peer(String worker, String address, int first, int count) {}

    public Circle {
        peers = List.copyOf(peers);
        int next = 0;
        for (Peer peer : peers) {
            if (peer.first != next || peer.count < 1) {
                throw new IllegalArgumentException("leaves have a gap at " + next + ": " + peers);
            }
            next += peer.count;
        }
        if (rank < 0 || rank >= peers.size()) {
            throw new IllegalArgumentException("rank " + rank + " of " + peers.size());
        }
    }

    /** Leaves of a whole step. */
    public int leaves() {
        Peer last = peers.get(peers.size() - 1);
        return last.first + last.count;
    }

    /** This worker. */
    public Peer self() {
        return peers.get(rank);
    }
}
