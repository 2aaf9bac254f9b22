package org.simreg.proto;

import java.util.List;

/**
 * The exception of something that the user can put right: a bad setting, file or combination. Its
 * message is one sentence that names the field or file, the value and the way out; it is shown
 * without a stack trace.
 */
public class UserError extends RuntimeException {
    private final transient List<Problem> problems;

    /**
     * A problem at one place of an input.
     *
     * @param place field, line or option
     * @param what the bound, the value and the way out
     */
    public record Problem(String place, String what) {
        @Override
        public String toString() {
            return place + ": " + what;
        }
    }

    /**
     * @param message what was attempted, on what, with which value, and what the reader can do
     */
    public UserError(String message) {
        this(message, List.of());
    }

    /**
     * @param message what was refused, with all the problems
     * @param problems the same, one by one
     */
    public UserError(String message, List<Problem> problems) {
        super(Printable.lines(message));
        this.problems = List.copyOf(problems);
    }

    /**
     * @param message what was attempted, on what, with which value, and what the reader can do
     * @param cause the failure below, shown only when the user asks for details
     */
    public UserError(String message, Throwable cause) {
        super(Printable.lines(message), cause);
        problems = List.of();
    }

    /**
     * @return what is wrong, place by place; empty if the message alone tells it
     */
    public List<Problem> problems() {
        return problems;
    }

    /** The error of a job that this worker's own settings keep it from, and not those of others. */
    public static class NotHere extends UserError {
        private static final long serialVersionUID = 1;

        /**
         * @param message which setting, and the way out; one sentence
         */
        public NotHere(String message) {
            super(message);
        }
    }

    /** The error of a GPU on which nothing works any more until its process ends. */
    public static final class BrokenDevice extends NotHere {
        private static final long serialVersionUID = 1;

        private final String fault;

        /** @param fault what CUDA says */
        public BrokenDevice(String fault) {
            super(("the GPU failed: %s; nothing runs on it until this process has ended: start it again, and"
                            + " look at nvidia-smi and dmesg if that comes back")
                    .formatted(fault));
            this.fault = fault;
        }

        /** What CUDA says. */
        public String fault() {
            return fault;
        }
    }
}
