package org.simreg.proto;

/** The error of a job that this worker's own settings keep it from, and not those of others. */
public final class NotHere extends UserError {
    private static final long serialVersionUID = 1;

    /**
     * @param message which setting, and the way out; one sentence
     */
    public NotHere(String message) {
        super(message);
    }
}
