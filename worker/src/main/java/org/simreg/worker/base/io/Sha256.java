package org.simreg.worker.base.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.simreg.worker.base.concurrent.WatchedPool;

/** A SHA-256 digest, of what is whole or of what comes piece by piece. */
public final class Sha256 {
    private static final int PIECE = 1 << 20;

    private final MessageDigest sha = sha256();

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /**
     * The digest of a file's bytes, in 64 lower case hexadecimal digits.
     *
     * @throws IOException if it can't be read or is no regular file
     */
    public static String of(Path file) throws IOException {
        Sha256 sha = new Sha256();
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        try (FileChannel in = UserFile.open(file)) {
            while (in.read(piece) >= 0) {
                WatchedPool.progress();
                sha.bytes(piece.flip());
                piece.clear();
            }
        }
        return sha.hex();
    }

    /** The digest of bytes, in 64 lower case hexadecimal digits. */
    public static String of(byte[] bytes) {
        return new Sha256().bytes(bytes).hex();
    }

    /** The digest of a text in UTF-8, in 64 lower case hexadecimal digits. */
    public static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Takes all bytes. */
    public Sha256 bytes(byte[] bytes) {
        return bytes(bytes, 0, bytes.length);
    }

    /** Takes some bytes. */
    public Sha256 bytes(byte[] bytes, int from, int count) {
        sha.update(bytes, from, count);
        return this;
    }

    /** Takes the bytes from a buffer's position to its limit. */
    public Sha256 bytes(ByteBuffer bytes) {
        sha.update(bytes);
        return this;
    }

    /** Takes a text in UTF-8 and, so that it can't run into the next one, a zero byte. */
    public Sha256 text(String text) {
        sha.update(text.getBytes(StandardCharsets.UTF_8));
        sha.update((byte) 0);
        return this;
    }

    /** A stream that takes what is written to another one through it. */
    public OutputStream through(OutputStream out) {
        return new DigestOutputStream(out, sha);
    }

    /** The digest in 64 lower case hexadecimal digits; of nothing more, afterwards. */
    public String hex() {
        return HexFormat.of().formatHex(digest());
    }

    /** The digest's 32 bytes; of nothing more, afterwards. */
    public byte[] digest() {
        return sha.digest();
    }
}
