package org.simreg.bench.attack;

import com.google.protobuf.ByteString;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.simreg.proto.BankStatus;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardPart;
import org.simreg.proto.ShardsGrpc;
import org.simreg.worker.base.io.Sha256;

/**
 * An attack by requests to a bank that is ready: too large, too many, of absurd numbers; streams of its shards that are
 * begun and never read. Shows how many files the coordinator has open before and after.
 */
public final class SearchRequestsAttack {
    private static final int STREAMS = 500;
    private static final int SECONDS = 60;

    /** Shards that a coordinator sends at once. */
    private static final int SENT = 64;

    private static final String FULL = "RESOURCE_EXHAUSTED: .+";

    private SearchRequestsAttack() {}

    /**
     * @param arguments host and port of a coordinator, a bank that is ready, the coordinator's process id
     *     and its home
     */
    public static void main(String[] arguments) throws Exception {
        String bank = arguments[1];
        Path files = Path.of("/proc", arguments[2], "fd");
        try (AttackedBanks attacked = new AttackedBanks("search requests", arguments[0])) {
            for (int mib : new int[] {15, 17, 40}) {
                SearchRequest large = SearchRequest.newBuilder()
                        .setBank(bank)
                        .setVectors(ByteString.copyFrom(new byte[mib << 20]))
                        .build();
                // Others may have the memory for requests.
                String wanted = mib > 16 ? FULL : AttackedBanks.INVALID + "|" + FULL;
                attacked.trial("a query of " + mib + " MiB", wanted, () -> found(attacked, large));
            }
            for (int k : new int[] {0, 1025, Integer.MAX_VALUE, -1}) {
                // A smaller bank gives all its rows, whatever k is.
                String wanted = k == 0 ? AttackedBanks.INVALID + "k: .+" : "1 found .*all of them are used.*";
                attacked.trial("k of " + Integer.toUnsignedString(k), wanted, () -> {
                    List<Float> ones =
                            Collections.nCopies(status(attacked, bank).getDimension(), 1f);
                    return found(
                            attacked,
                            SearchRequest.newBuilder()
                                    .setBank(bank)
                                    .setK(k)
                                    .addAllValues(ones)
                                    .build());
                });
            }
            String bounded = ".* %d were refused, RESOURCE_EXHAUSTED: .+".formatted(STREAMS - SENT);
            attacked.trial(STREAMS + " streams of a shard that are begun and not read", bounded, () -> {
                long before = count(files);
                ShardFile shard = shard(attacked, bank, Path.of(arguments[3]));
                Ignored refused = new Ignored();
                for (int i = 0; i < STREAMS; i++) {
                    ShardsGrpc.newStub(attacked.channel()).getShard(shard, refused);
                }
                refused.awaitAnswers(STREAMS);
                return "%d files open before, %d after; %d were refused, %s"
                        .formatted(before, count(files), refused.failures(), refused.last());
            });
        }
    }

    private static BankStatus status(AttackedBanks attacked, String bank) {
        return attacked.search()
                .describeBank(DescribeBankRequest.newBuilder().setName(bank).build());
    }

    private static ShardFile shard(AttackedBanks attacked, String bank, Path home) {
        Path file = home.resolve("banks").resolve(bank).resolve("shard-0.bank");
        try {
            return ShardFile.newBuilder()
                    .setBank(bank)
                    .setVersion(status(attacked, bank).getVersion())
                    .setSha256(Sha256.of(file))
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A reader of many answers that takes the header of each, and no more. */
    private static final class Ignored implements ClientResponseObserver<ShardFile, ShardPart> {
        private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        private int failures;
        private String last = "none";

        @Override
        public void beforeStart(ClientCallStreamObserver<ShardFile> call) {
            call.disableAutoRequestWithInitial(1);
        }

        @Override
        public void onNext(ShardPart part) {
            answers.add("");
        }

        @Override
        public void onError(Throwable failure) {
            answers.add(String.valueOf(failure.getMessage()));
        }

        @Override
        public void onCompleted() {
            // Nothing is left to be read.
        }

        void awaitAnswers(int count) {
            try {
                for (int i = 0; i < count; i++) {
                    String answer = answers.poll(SECONDS, TimeUnit.SECONDS);
                    if (answer == null) {
                        throw new IllegalStateException("only %d of %d were answered".formatted(i, count));
                    }
                    failures += answer.isEmpty() ? 0 : 1;
                    last = answer.isEmpty() ? last : answer;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        int failures() {
            return failures;
        }

        String last() {
            return last;
        }
    }

    private static String found(AttackedBanks attacked, SearchRequest request) {
        SearchResponse response = attacked.search().search(request);
        return "%d found %s".formatted(response.getFoundCount(), response.getNotesList());
    }

    private static long count(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
