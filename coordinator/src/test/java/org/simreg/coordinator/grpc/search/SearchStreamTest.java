package org.simreg.coordinator.grpc.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.coordinator.grpc.Calls;
import org.simreg.coordinator.grpc.Received;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;

/** Streams of searches over a network, where a call is told that it is ready before it has asked for anything. */
@Timeout(60)
class SearchStreamTest {
    private static final int REQUESTS = 40;

    /** Answers each request with its tag. */
    private static final class Tags extends SearchGrpc.SearchImplBase {
        @Override
        public StreamObserver<SearchRequest> searchStream(StreamObserver<SearchResponse> answers) {
            return new SearchStream(
                    Calls.observed(answers),
                    ForkJoinPool.commonPool(),
                    request -> CompletableFuture.completedFuture(
                            SearchResponse.newBuilder().setTag(request.getTag()).build()));
        }
    }

    @Test
    void eachRequestIsAnsweredInTheirOrder() throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        Server server = NettyServerBuilder.forAddress(any)
                .addService(new Tags())
                .build()
                .start();
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .build();
        Received<SearchResponse> answers = new Received<>();
        try {
            StreamObserver<SearchRequest> requests = SearchGrpc.newStub(channel).searchStream(answers);
            for (int i = 0; i < REQUESTS; i++) {
                requests.onNext(SearchRequest.newBuilder().setTag(i).build());
            }
            requests.onCompleted();
            for (int i = 0; i < REQUESTS; i++) {
                assertEquals(i, answers.next().getTag());
            }
        } finally {
            channel.shutdownNow();
            server.shutdownNow();
        }
    }
}
