package org.simreg.worker.exchange.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Authority;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.FrameWire;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.reduce.Leaves;
import org.simreg.worker.exchange.reduce.Members;

class NettyWireTest {
    /** Bytes of the longest payload of a frame. */
    private static final int LONGEST = 1 << 20;

    @Test
    void strangersOnThePortAreShownOutAndTheMembersGoOn() throws Exception {
        PeerTransport first = NettyWire.transport("127.0.0.1", 0);
        PeerTransport second = NettyWire.transport("127.0.0.1", 0);
        try (Members members = new Members(List.of(first, second))) {
            int port = Integer.parseInt(first.address().substring("127.0.0.1:".length()));
            try (Socket stranger = new Socket("127.0.0.1", port)) {
                stranger.setSoTimeout(60_000);
                String request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: a stranger\r\n\r\n";
                stranger.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                assertEquals(-1, stranger.getInputStream().read());
            }
            float[][] leaves = Leaves.random(1, 2, 100);
            assertArrayEquals(Leaves.mean(leaves), members.run(1, new int[] {1, 1}, leaves)[0][0]);
        }
    }

    @Test
    void membersBehindTlsComputeTheSameAndStrangersAreShownOut(@TempDir Path folder) throws Exception {
        Authority cluster = new Authority(folder.resolve("cluster"), "cluster");
        Authority other = new Authority(folder.resolve("other"), "other");
        TlsFiles foreign = other.identity("stranger");
        // It believes the cluster, but the cluster doesn't believe it.
        TlsFiles liar = new TlsFiles(foreign.identity(), cluster.ca(), Optional.empty());
        try (Tls own = Tls.of(cluster.identity("worker"));
                Tls strange = Tls.of(liar)) {
            PeerTransport first = NettyWire.transport("127.0.0.1", 0, Optional.of(own));
            PeerTransport second = NettyWire.transport("127.0.0.1", 0, Optional.of(own));
            try (Members members = new Members(List.of(first, second))) {
                int port = Integer.parseInt(first.address().substring("127.0.0.1:".length()));
                try (Socket plain = new Socket("127.0.0.1", port)) {
                    plain.setSoTimeout(60_000);
                    plain.getOutputStream().write(new byte[FrameHeader.BYTES]);
                    // An alert, then the end.
                    while (plain.getInputStream().read() >= 0) {}
                }
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(
                        new KeyManager[] {strange.keys().orElseThrow()}, new TrustManager[] {strange.peers()}, null);
                try (Socket socket = context.getSocketFactory().createSocket("127.0.0.1", port)) {
                    socket.setSoTimeout(60_000);
                    assertThrows(IOException.class, () -> {
                        socket.getOutputStream().write(new byte[FrameHeader.BYTES]);
                        socket.getInputStream().read();
                    });
                }
                float[][] leaves = Leaves.random(1, 2, 100);
                assertArrayEquals(Leaves.mean(leaves), members.run(1, new int[] {1, 1}, leaves)[0][0]);
            }
        }
    }

    /** The claims are of the longest frames; one whose bytes come after all is whole. */
    @Test
    void claimedFramesTakeNoMemoryBeforeTheirBytesCome() throws Exception {
        int claims = 200;
        Semaphore begun = new Semaphore(0);
        BlockingQueue<Frame> whole = new LinkedBlockingQueue<>();
        List<Socket> strangers = new ArrayList<>();
        NettyWire wire = new NettyWire("127.0.0.1", 0, 1 << 18);
        try {
            wire.start(new Waiting(begun, whole));
            int port = Integer.parseInt(wire.address().substring("127.0.0.1:".length()));
            long before = PooledByteBufAllocator.DEFAULT.pinnedDirectMemory();
            for (int i = 0; i < claims; i++) {
                Socket stranger = new Socket("127.0.0.1", port);
                strangers.add(stranger);
                stranger.getOutputStream().write(frame(i), 0, FrameHeader.BYTES + i);
            }
            assertTrue(begun.tryAcquire(claims, 60, TimeUnit.SECONDS));
            long taken = PooledByteBufAllocator.DEFAULT.pinnedDirectMemory() - before;
            assertTrue(taken < (long) claims * LONGEST / 10, taken + " bytes for what has not come");
            for (int i = 0; i < claims; i += 20) {
                byte[] bytes = frame(i);
                int sent = FrameHeader.BYTES + i;
                OutputStream out = strangers.get(i).getOutputStream();
                out.write(bytes, sent, bytes.length - sent);
                out.write(bytes);
                for (int times = 0; times < 2; times++) {
                    Frame frame = whole.poll(60, TimeUnit.SECONDS);
                    assertEquals(ByteBuffer.wrap(bytes), frame.bytes());
                    frame.release().run();
                }
            }
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
            wire.close();
        }
    }

    private static byte[] frame(int seed) {
        byte[] payload = new byte[LONGEST];
        new Random(seed).nextBytes(payload);
        FrameHeader.Key key = new FrameHeader.Key(1, 1, FrameHeader.Use.REDUCE);
        FrameHeader.Place place = new FrameHeader.Place(0, 0, 0);
        FrameHeader header = new FrameHeader(key, FrameHeader.Kind.PARTIAL, 0, 1, place, LONGEST);
        byte[] bytes = new byte[header.frameBytes()];
        header.write(ByteBuffer.wrap(bytes), Frame.Payload.of(ByteBuffer.wrap(payload)));
        return bytes;
    }

    /** The end of a wire that wants every frame. */
    private record Waiting(Semaphore begun, BlockingQueue<Frame> whole) implements FrameWire.Inlet {
        @Override
        public boolean wants(FrameHeader header) {
            begun.release();
            return true;
        }

        @Override
        public void arrived(Frame frame) {
            whole.add(frame);
        }

        @Override
        public void lost(FrameHeader.Key key, int from, String why) {
            // The strangers close their connections at the end.
        }
    }

    @Test
    void aPortThatIsTakenIsNamed() {
        try (PeerTransport first = NettyWire.transport("127.0.0.1", 0)) {
            int port = Integer.parseInt(first.address().substring("127.0.0.1:".length()));
            UserError e = assertThrows(UserError.class, () -> NettyWire.transport("127.0.0.1", port));
            assertTrue(e.getMessage().contains(first.address()), e.getMessage());
        }
    }
}
