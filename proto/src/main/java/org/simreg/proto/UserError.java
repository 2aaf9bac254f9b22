package org.simreg.proto;

/**
 * Something the user can put right: a bad setting, file or combination. Its message is one sentence
 * that names the field or file, the value and the way out; it is shown without a stack trace.
 */
public final class UserError extends RuntimeException {
    /**
     * @param message what was attempted, on what, with which value, and what the reader can do
     */
    public UserError(String message) {
        super(message);
    }

    /**
     * @param message what was attempted, on what, with which value, and what the reader can do
     * @param cause the failure below, shown only when the user asks for details
     */
    public UserError(String message, Throwable cause) {
        super(message, cause);
    }
}
