package org.simreg.proto;

/** A refusal of a request; the coordinator stays as it was. */
public final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Kind kind;

    /** The kind of a refusal: what the one who asked can conclude. */
    public enum Kind {
        /** The request is wrong in itself. */
        INVALID,
        /** There is no such job, worker or checkpoint. */
        UNKNOWN,
        /** Right in itself, but not in the present state. */
        STATE,
        /** The name or folder is taken. */
        EXISTS,
        /** As much as is allowed is there already. */
        FULL,
        /** Later it may work. */
        UNAVAILABLE,
        /** What came is not what was sent. */
        DAMAGED
    }

    /**
     * @param message what was refused, with its value, and the way out; one sentence
     */
    public Refused(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    /** Reason of a refusal, by what the caller can conclude. */
    public Kind kind() {
        return kind;
    }
}
