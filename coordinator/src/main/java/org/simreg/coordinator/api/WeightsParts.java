package org.simreg.coordinator.api;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.simreg.proto.WeightsHeader;
import org.simreg.proto.WeightsPart;

/** The answer with a weight file: its digest, for which it is read once before, then the file. */
final class WeightsParts implements Parts<WeightsPart> {
    private final Path path;
    private final List<String> held;
    private final SampleFile file;
    private boolean begun;
    private boolean over;

    /**
     * @param held SHA-256 of what the client has; only the header is sent if that is the file
     */
    WeightsParts(Path path, List<String> held) throws IOException {
        this.path = path;
        this.held = held;
        file = new SampleFile(path);
    }

    @Override
    public WeightsPart next() throws IOException {
        if (!begun) {
            begun = true;
            WeightsHeader header = header();
            over = held.contains(header.getSha256());
            return WeightsPart.newBuilder().setHeader(header).build();
        }
        return over || file.isRead() ? null : WeightsPart.newBuilder().setData(file.next()).build();
    }

    private WeightsHeader header() throws IOException {
        MessageDigest sha = sha256();
        try (SampleFile whole = new SampleFile(path)) {
            while (!whole.isRead()) {
                ByteString piece = whole.next();
                for (ByteBuffer bytes : piece.asReadOnlyByteBufferList()) {
                    sha.update(bytes);
                }
            }
        }
        return WeightsHeader.newBuilder()
                .setLength(file.version().getLength())
                .setSha256(HexFormat.of().formatHex(sha.digest()))
                .build();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
