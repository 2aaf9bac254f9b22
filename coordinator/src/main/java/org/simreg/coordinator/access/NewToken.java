package org.simreg.coordinator.access;

import org.simreg.proto.UserError;

/**
 * A new token, which nobody has yet, with its line for the tokens file.
 *
 * @param token for its bearer
 * @param line for the coordinator's tokens file; the token can't be found from it
 */
public record NewToken(String token, String line) {
    /**
     * Makes one.
     *
     * @param name whose it is, for messages and the log
     * @throws UserError if the name can't stand in a line
     */
    public static NewToken of(Role role, String name) {
        if (!name.matches(TokenFile.NAME)) {
            throw new UserError(
                    "'%s' can't name a token; take letters, digits and . _ @ - only, up to 100"
                            .formatted(name));
        }
        String token = Bearer.token();
        return new NewToken(token, Bearer.of(role, token, name).line());
    }
}
