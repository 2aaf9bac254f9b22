package org.simreg.coordinator.api;

import com.google.protobuf.ByteString;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.Executor;
import org.simreg.proto.Refused;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A shard that a worker sends, written as fast as the disk takes it, and checked. */
final class ShardArrival implements StreamObserver<ShardPart> {
    private static final Logger LOG = LoggerFactory.getLogger(ShardArrival.class);
    private static final int IN_FLIGHT = 4;

    private final BankDesk desk;
    private final Executor search;
    private final Executor files;
    private final ServerCallStreamObserver<ShardFile> call;
    private final MessageDigest sha = sha256();
    private final Turns turns = new Turns(this::fail);

    // Touched in turns.
    private ShardFile header;
    private Path draft;
    private FileChannel out;

    /** Made while the call's handlers can still be set: before its method returns. */
    ShardArrival(
            BankDesk desk,
            Executor search,
            Executor files,
            ServerCallStreamObserver<ShardFile> call) {
        this.desk = desk;
        this.search = search;
        this.files = files;
        this.call = call;
        call.disableAutoRequest();
        call.request(1);
    }

    @Override
    public void onNext(ShardPart part) {
        if (part.hasHeader()) {
            turns.then(search, () -> begin(part.getHeader()));
            turns.then(files, this::open);
        } else {
            turns.then(files, () -> write(part.getData()));
        }
    }

    private void begin(ShardFile sent) {
        if (header != null) {
            throw new Refused(Refused.Kind.INVALID, "The shard has a second header; send one");
        }
        draft = desk.draft(sent);
        header = sent;
    }

    private void open() {
        try {
            out = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        call.request(IN_FLIGHT);
    }

    private void write(ByteString data) {
        if (out == null) {
            throw new Refused(Refused.Kind.INVALID, "The shard lacks its header; send it first");
        }
        try {
            for (ByteBuffer bytes : data.asReadOnlyByteBufferList()) {
                sha.update(bytes.duplicate());
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        call.request(1);
    }

    @Override
    public void onError(Throwable broken) {
        turns.then(files, this::discard);
    }

    @Override
    public void onCompleted() {
        turns.then(files, this::check);
        turns.then(search, () -> header = desk.stored(header, draft));
        turns.then(
                files,
                () -> {
                    turns.end();
                    call.onNext(header);
                    call.onCompleted();
                });
    }

    private void check() {
        try {
            if (out == null
                    || out.size() != header.getLength()
                    || !HexFormat.of().formatHex(sha.digest()).equals(header.getSha256())) {
                throw new Refused(
                        Refused.Kind.DAMAGED,
                        "The shard is not what its header says; send it again");
            }
            out.force(true);
            out.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fail(Throwable failure) {
        call.onError(Statuses.of(failure));
        Answers.execute(files, this::discard);
    }

    private void discard() {
        turns.end();
        try {
            if (out != null) {
                out.close();
                Files.deleteIfExists(draft);
            }
        } catch (IOException e) {
            LOG.warn("The rest of a shard that did not come whole can't be deleted: {}", draft, e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
