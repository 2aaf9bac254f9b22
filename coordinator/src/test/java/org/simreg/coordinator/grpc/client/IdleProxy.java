package org.simreg.coordinator.grpc.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import org.simreg.worker.base.concurrent.NamedThreads;

/** A TCP proxy as they stand before clusters: it cuts a connection from whose server nothing came for a while. */
final class IdleProxy implements AutoCloseable {
    private static final Duration LONG = Duration.ofSeconds(5);

    private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = NamedThreads.numbered("idle-proxy", 64);
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final int target;
    private final Duration idle;

    /** Ports of connections that were cut for being idle. */
    final BlockingQueue<Integer> cuts = new LinkedBlockingQueue<>();

    /** Silences of the server that were long, and that it ended itself. */
    final BlockingQueue<Duration> silences = new LinkedBlockingQueue<>();

    IdleProxy(int target, Duration idle) throws IOException {
        this.target = target;
        this.idle = idle;
        threads.execute(this::serve);
    }

    HostPort address() {
        return new HostPort("localhost", door.getLocalPort());
    }

    private void serve() {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                open.addAll(List.of(client, server));
                server.setSoTimeout(Math.toIntExact(idle.toMillis()));
                threads.execute(() -> pass(client, server));
                threads.execute(() -> pass(server, client));
            } catch (IOException e) {
                // Closed, or the coordinator is away: the client sees its own socket end.
                cutAll();
            }
        }
    }

    private void pass(Socket from, Socket to) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] some = new byte[8192];
            long heard = System.nanoTime();
            for (int read = in.read(some); read >= 0; read = in.read(some)) {
                out.write(some, 0, read);
                Duration silence = Duration.ofNanos(System.nanoTime() - heard);
                heard = System.nanoTime();
                if (from.getPort() == target && silence.compareTo(LONG) > 0) {
                    silences.add(silence);
                }
            }
        } catch (SocketTimeoutException e) {
            cuts.add(from.getLocalPort());
        } catch (IOException e) {
            // One end is gone, and so is the other.
        }
    }

    /** Cuts all connections now. */
    void cutAll() {
        for (Socket socket : open) {
            try {
                socket.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
        open.clear();
    }

    @Override
    public void close() throws IOException {
        door.close();
        cutAll();
        threads.shutdown();
    }
}
