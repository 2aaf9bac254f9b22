package org.simreg.worker.exchange.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Authority;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.reduce.Leaves;
import org.simreg.worker.exchange.reduce.Members;

class NettyWireTest {
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

    @Test
    void aPortThatIsTakenIsNamed() {
        try (PeerTransport first = NettyWire.transport("127.0.0.1", 0)) {
            int port = Integer.parseInt(first.address().substring("127.0.0.1:".length()));
            UserError e = assertThrows(UserError.class, () -> NettyWire.transport("127.0.0.1", port));
            assertTrue(e.getMessage().contains(first.address()), e.getMessage());
        }
    }
}
