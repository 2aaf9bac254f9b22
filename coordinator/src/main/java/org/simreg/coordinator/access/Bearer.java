package org.simreg.coordinator.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;

/**
 * A token's bearer: name, role and the token's digest. The token itself is kept nowhere.
 *
 * @param digest SHA-256 of the token's text
 * @param name for messages and the log
 */
record Bearer(Role role, byte[] digest, String name) {
    private static final int RANDOM_BYTES = 32;
    private static final HexFormat HEX = HexFormat.of();

    /** A new token, of 256 random bits. */
    static String token() {
        byte[] random = new byte[RANDOM_BYTES];
        new SecureRandom().nextBytes(random);
        return "simreg_" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    static Bearer of(Role role, String token, String name) {
        return new Bearer(role, digest(token), name);
    }

    static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Takes the same time for every digest. */
    boolean is(byte[] other) {
        return MessageDigest.isEqual(digest, other);
    }

    /** Its line in the tokens file. */
    String line() {
        return role + " " + HEX.formatHex(digest) + " " + name;
    }
}
