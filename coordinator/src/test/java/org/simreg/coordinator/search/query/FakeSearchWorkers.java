package org.simreg.coordinator.search.query;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.ShardAnswer;
import org.simreg.proto.ShardFile;

/** Workers whose replies a test gives. */
public final class FakeSearchWorkers implements SearchWorkers {
    public static final SearchWorkers.Worker ONE = new SearchWorkers.Worker("w1", "first", 1 << 20);
    public static final SearchWorkers.Worker TWO = new SearchWorkers.Worker("w2", "second", 1 << 20);

    private final List<Asked> asked = new ArrayList<>();

    /** An order, and the future of its reply. */
    public record Asked(SearchWorkers.Worker worker, SearchOrder order, CompletableFuture<SearchReply> reply) {
        /** The worker has the shard open. */
        void holds() {
            reply.complete(SearchReply.newBuilder().setHeld(order.getHold()).build());
        }

        public void fails(String why) {
            SearchReply.Builder failure = SearchReply.newBuilder();
            failure.getFailureBuilder().setReason(why);
            reply.complete(failure.build());
        }

        /** One query's one neighbour. */
        void finds(long id) {
            finds(id, order.getQuery().getShard().getVersion());
        }

        void finds(long id, String version) {
            ShardFile shard = order.getQuery().getShard();
            ShardAnswer.Builder answer = ShardAnswer.newBuilder()
                    .setVersion(version)
                    .setShard(shard.getShard())
                    .setK(1)
                    .setIds(number(Long.BYTES, id))
                    .setLabels(number(Integer.BYTES, 0))
                    .setCosines(number(Double.BYTES, 0));
            reply.complete(SearchReply.newBuilder().setAnswer(answer).build());
        }
    }

    private static ByteString number(int width, long value) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        return ByteString.copyFrom(bytes.array(), 0, width);
    }

    @Override
    public CompletionStage<SearchReply> send(SearchWorkers.Worker worker, SearchOrder order, long timeoutMs) {
        Asked one = new Asked(worker, order, new CompletableFuture<>());
        asked.add(one);
        return one.reply();
    }

    /** The orders since the last call. */
    public List<Asked> asked() {
        List<Asked> since = List.copyOf(asked);
        asked.clear();
        return since;
    }

    /** The one order since the last call. */
    Asked one() {
        List<Asked> since = asked();
        if (since.size() != 1) {
            throw new AssertionError(since.size() + " orders: " + since);
        }
        return since.get(0);
    }
}
