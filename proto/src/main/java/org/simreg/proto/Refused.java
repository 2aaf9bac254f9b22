package org.simreg.proto;

/** The exception of a refused request; the coordinator stays as it was. */
public class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Kind kind;

    /** The kind of a refusal, by what the caller can conclude. */
    public enum Kind {
        /** The request is wrong in itself. */
        INVALID,
        /** There is no such job, worker or checkpoint. */
        UNKNOWN,
        /** The request is right in itself, but not in the present state. */
        STATE,
        /** The name or folder is taken. */
        EXISTS,
        /** The caller lacks the right. */
        FORBIDDEN,
        /** As much as is allowed is there already. */
        FULL,
        /** It may work later. */
        UNAVAILABLE,
        /** The bytes that came are not those that were sent. */
        DAMAGED
    }

    /**
     * @param message what was refused, with its value, and the way out; one sentence
     */
    public Refused(Kind kind, String message) {
        super(Printable.lines(message));
        this.kind = kind;
    }

    /** The kind of the refusal. */
    public Kind kind() {
        return kind;
    }
}
