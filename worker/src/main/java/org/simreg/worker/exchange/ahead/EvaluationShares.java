package org.simreg.worker.exchange.ahead;

import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;

/**
 * The sharing of a generation's evaluations as one member sees it: the one that leads has a {@link PartInbox} for what
 * the others compute, each of them a {@link PartOutbox}.
 */
public sealed interface EvaluationShares extends AutoCloseable permits EvaluationShares.None, PartInbox, PartOutbox {
    /** Nothing is shared: one member computes all. */
    EvaluationShares NONE = new None();

    /** Of a member that shares nothing. */
    record None() implements EvaluationShares {
        @Override
        public void close() {
            // It has nothing open.
        }
    }

    /**
     * Connects a member with the one that leads, or that one with all.
     *
     * @param transport stays the caller's
     * @param peers the generation; begins here only once
     */
    static EvaluationShares open(PeerTransport transport, Peers peers) {
        if (peers.size() == 1) {
            return NONE;
        }
        return peers.rank() == 0 ? new PartInbox(transport, peers) : new PartOutbox(transport, peers);
    }

    @Override
    void close();
}
