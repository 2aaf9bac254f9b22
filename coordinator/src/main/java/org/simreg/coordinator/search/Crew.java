package org.simreg.coordinator.search;

import io.vertx.core.Future;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;

/** The way to ask workers. */
@FunctionalInterface
interface Crew {
    /**
     * Asks one worker; returns at once, and answers on the asking thread.
     *
     * @param patienceMs after which the answer fails
     * @return the worker's reply, which may be its failure; fails if it can't be reached
     */
    Future<SearchReply> ask(Worker worker, SearchOrder order, long patienceMs);
}
