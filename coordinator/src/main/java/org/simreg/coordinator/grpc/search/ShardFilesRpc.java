package org.simreg.coordinator.grpc.search;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.simreg.coordinator.grpc.Calls;
import org.simreg.coordinator.grpc.FileParts;
import org.simreg.coordinator.grpc.FileUpload;
import org.simreg.coordinator.grpc.StreamedAnswer;
import org.simreg.coordinator.search.bank.BankService;
import org.simreg.proto.Refused;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gRPC service {@code Shards}: the files of banks, to and from workers. */
public final class ShardFilesRpc extends ShardsGrpc.ShardsImplBase {
    private static final Logger LOG = LoggerFactory.getLogger(ShardFilesRpc.class);

    /** Files that are sent at once; one whose reader stands still is open as long as its call. */
    private static final int MOST_SENT = 64;

    private final AtomicInteger sent = new AtomicInteger();
    private final BankService banks;
    private final Executor banksThread;
    private final Executor files;

    /**
     * @param banksThread runs tasks one after the other on the banks' thread, {@code simreg-banks}
     * @param files runs what reads and writes files
     */
    public ShardFilesRpc(BankService banks, Executor banksThread, Executor files) {
        this.banks = banks;
        this.banksThread = banksThread;
        this.files = files;
    }

    @Override
    public void getShard(ShardFile asked, StreamObserver<ShardPart> parts) {
        ServerCallStreamObserver<ShardPart> call = Calls.observed(parts);
        AtomicBoolean counted = new AtomicBoolean();
        StreamedAnswer<ShardPart> answer = new StreamedAnswer<>(call, files, () -> {
            if (counted.get()) {
                sent.decrementAndGet();
            }
        });
        Calls.run(call, banksThread, () -> {
            Path path = banks.shard(asked);
            answer.begin(() -> parts(asked, path, counted));
        });
    }

    private FileParts<ShardPart> parts(ShardFile asked, Path path, AtomicBoolean counted) {
        counted.set(true);
        if (sent.incrementAndGet() > MOST_SENT) {
            throw new Refused(
                    Refused.Kind.FULL,
                    "%d shards are sent already, and no more are at once; ask again later".formatted(MOST_SENT));
        }
        try {
            return new FileParts<>(
                    ShardPart.newBuilder().setHeader(asked).build(),
                    FileParts.OpenFile.of(path),
                    piece -> ShardPart.newBuilder().setData(piece).build());
        } catch (IOException e) {
            throw Status.NOT_FOUND
                    .withDescription("The shard %s can't be read: %s".formatted(path, Disk.reason(e)))
                    .asRuntimeException();
        }
    }

    @Override
    public StreamObserver<ShardPart> putShard(StreamObserver<ShardFile> answer) {
        return new FileUpload<>(Calls.observed(answer), banksThread, files, "shard", new ShardReceiver(banks));
    }

    /** The receiver of a shard, which writes a draft and checks it against its header. */
    private static final class ShardReceiver implements FileUpload.Receiver<ShardPart, ShardFile> {
        private final BankService banks;
        private final Sha256 sha = new Sha256();
        private ShardFile header;
        private Path draft;
        private FileChannel out;

        ShardReceiver(BankService banks) {
            this.banks = banks;
        }

        @Override
        public boolean isHeader(ShardPart part) {
            return part.hasHeader();
        }

        @Override
        public void begin(ShardPart part) {
            draft = banks.draft(part.getHeader());
            header = part.getHeader();
        }

        @Override
        public void write(ShardPart part) {
            try {
                FileChannel open = out();
                if (open.position() + part.getData().size() > header.getLength()) {
                    throw damaged();
                }
                for (ByteBuffer bytes : part.getData().asReadOnlyByteBufferList()) {
                    sha.bytes(bytes.duplicate());
                    while (bytes.hasRemaining()) {
                        open.write(bytes);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private FileChannel out() throws IOException {
            if (out == null) {
                out = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            }
            return out;
        }

        @Override
        public void finish() {
            try {
                boolean whole = out().size() == header.getLength();
                if (!whole || !sha.hex().equals(header.getSha256())) {
                    throw damaged();
                }
                out.force(true);
                out.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static Refused damaged() {
            return new Refused(Refused.Kind.DAMAGED, "The shard is not what its header says; send it again");
        }

        @Override
        public CompletionStage<ShardFile> store() {
            return CompletableFuture.completedFuture(banks.stored(header, draft));
        }

        @Override
        public void close() {
            try {
                if (out != null) {
                    out.close();
                    Files.deleteIfExists(draft);
                }
            } catch (IOException e) {
                LOG.warn("The rest of a shard that did not come whole can't be deleted: {}", draft, e);
            }
        }
    }
}
