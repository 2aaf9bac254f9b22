package org.simreg.worker.reduce;

/**
 * What was waited for won't come: the generation it belongs to is over, or a peer can't be reached.
 * Nothing is wrong with the worker that gets it.
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
