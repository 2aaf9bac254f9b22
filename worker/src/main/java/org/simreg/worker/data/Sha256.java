package org.simreg.worker.data;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of text and bytes. */
final class Sha256 {
    private final MessageDigest digest = digest();

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    Sha256 bytes(byte[] bytes, int from, int count) {
        digest.update(bytes, from, count);
        return this;
    }

    /** Takes a text in UTF-8 and, so that it can't run into the next one, a zero byte. */
    Sha256 text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(bytes);
        digest.update((byte) 0);
        return this;
    }

    /** The digest in 64 lower case hexadecimal digits; of nothing more, afterwards. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
