package org.simreg.worker.base.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.UserError;
import org.simreg.worker.base.net.ConnectionBound.Most;

/** Connections to a port of this machine, more of them than are taken. */
@Timeout(60)
class ConnectionBoundTest {
    private static final Most FEW = new Most(6, 4, 10);

    private final AtomicLong free = new AtomicLong(1000);
    private final ConnectionBound bound = new ConnectionBound(FEW, free::get);
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final List<Socket> sockets = new ArrayList<>();
    private int port;

    @BeforeEach
    void listen() {
        Channel server = new ServerBootstrap()
                .group(loops)
                .channelFactory(() -> new BoundedServerChannel(bound, why -> why.getBytes(StandardCharsets.US_ASCII)))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new ChannelInboundHandlerAdapter());
                    }
                })
                .bind("0.0.0.0", 0)
                .syncUninterruptibly()
                .channel();
        port = ((InetSocketAddress) server.localAddress()).getPort();
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /** A connection from one of this machine's addresses. */
    private Socket from(int last) throws IOException {
        InetAddress own = InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
        Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), port, own, 0);
        socket.setSoTimeout(20_000);
        sockets.add(socket);
        return socket;
    }

    private static String lastWords(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean() && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
        assertTrue(condition.getAsBoolean());
    }

    @Test
    void oneAddressCanNotTakeTheConnectionsOfAnother() throws Exception {
        for (int i = 0; i < 4; i++) {
            from(2);
        }
        assertEquals(
                "4 connections from one address are open, the most that --max-connections-per-address allows",
                lastWords(from(2)));
        from(3);
        await(() -> bound.open() == 5);
    }

    @Test
    void allTogetherAreBounded() throws Exception {
        for (int i = 0; i < 6; i++) {
            from(2 + i);
        }
        assertEquals("6 connections are open, the most that --max-connections allows", lastWords(from(9)));
    }

    @Test
    void aConnectionThatEndsMakesRoom() throws Exception {
        for (int i = 0; i < 4; i++) {
            from(2);
        }
        await(() -> bound.open() == 4);
        sockets.get(0).close();
        await(() -> bound.open() == 3);
        from(2);
        await(() -> bound.open() == 4);
    }

    @Test
    void descriptorsAreKeptForFiles() throws Exception {
        free.set(10);
        assertEquals("10 descriptors are left, and 10 are kept for files; raise ulimit -n", lastWords(from(2)));
    }

    @Test
    void boundsFollowTheDescriptors() {
        assertEquals(new Most(200, 100, 50), Most.usual(400));
        assertEquals(new Most(10_000, 1000, 10_000), Most.usual(1 << 20));
        assertEquals(new Most(10_000, 1000, 10_000), Most.usual(Long.MAX_VALUE));
        assertEquals(new Most(50, 50, 50), Most.usual(400).with(Optional.of(50), Optional.empty()));
        assertThrows(UserError.class, () -> new Most(0, 1, 1));
    }
}
