package org.simreg.worker.base.concurrent;

/**
 * The exception of a wait or a task that was stopped from outside: the generation it belongs to is
 * over, a peer can't be reached, or nobody wants its result any more. Nothing is wrong with the
 * worker that gets it.
 */
public final class Abandoned extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * @param reason one sentence
     */
    public Abandoned(String reason) {
        super(reason, null, false, false);
    }
}
