package org.simreg.bench.attack;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardsGrpc;

/**
 * An attack by requests to a bank that is ready: too large, too many, of absurd numbers; streams of its shards that are
 * begun and never read. Shows how many files the coordinator has open before and after.
 */
public final class SearchRequestsAttack {
    private static final int STREAMS = 500;

    private SearchRequestsAttack() {}

    /**
     * @param arguments host and port of a coordinator, a bank that is ready, the coordinator's process id
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
                attacked.trial("a query of " + mib + " MiB", () -> found(attacked, large));
            }
            for (int k : new int[] {0, 1025, Integer.MAX_VALUE, -1}) {
                SearchRequest many = SearchRequest.newBuilder()
                        .setBank(bank)
                        .setK(k)
                        .addValues(1)
                        .build();
                attacked.trial("k of " + Integer.toUnsignedString(k), () -> found(attacked, many));
            }
            attacked.trial(STREAMS + " streams of a shard that are begun and not read", () -> {
                long before = count(files);
                ShardsGrpc.ShardsStub shards = ShardsGrpc.newStub(attacked.channel());
                for (int i = 0; i < STREAMS; i++) {
                    shards.getShard(
                            ShardFile.newBuilder()
                                    .setBank(bank)
                                    .setVersion("other")
                                    .setShard(i)
                                    .build(),
                            new Ignored<>());
                }
                return "%d files open before, %d after".formatted(before, count(files));
            });
            attacked.trial("200 streams of searches that say nothing", () -> {
                long before = count(files);
                for (int i = 0; i < 200; i++) {
                    SearchGrpc.newStub(attacked.channel()).searchStream(new Ignored<SearchResponse>());
                }
                return "%d files open before, %d after".formatted(before, count(files));
            });
        }
    }

    /** A reader that does nothing with what comes. */
    private static final class Ignored<T> implements StreamObserver<T> {
        @Override
        public void onNext(T part) {}

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
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
