package org.simreg.worker.exchange.mesh;

import java.util.List;

/**
 * The members of one generation of a job as one of them sees them.
 *
 * @param job id of the job
 * @param generation its number; frames of another one are refused
 * @param rank place of this worker in the list
 * @param members in order of rank, this worker among them; their leaves follow each other without a
 *     gap, from 0
 */
public record Peers(String job, long generation, int rank, List<Peer> members) {
    /**
     * A member.
     *
     * @param worker its name
     * @param address where its transport is reached
     * @param first its first leaf of a step
     * @param count its leaves, at least 1
     */
    public record Peer(String worker, String address, int first, int count) {
        /** The leaf after its last. */
        public int end() {
            return first + count;
        }
    }

    public Peers {
        members = List.copyOf(members);
        int next = 0;
        for (Peer peer : members) {
            if (peer.first != next || peer.count < 1) {
                throw new IllegalArgumentException("leaves have a gap at " + next + ": " + members);
            }
            next = peer.end();
        }
        if (rank < 0 || rank >= members.size()) {
            throw new IllegalArgumentException("rank " + rank + " of " + members.size());
        }
    }

    /** Members, this worker among them. */
    public int size() {
        return members.size();
    }

    /** The member of a rank. */
    public Peer get(int rank) {
        return members.get(rank);
    }

    /** This worker. */
    public Peer self() {
        return members.get(rank);
    }

    /** Leaves of a whole step. */
    public int leaves() {
        return members.get(members.size() - 1).end();
    }
}
