package org.simreg.bench.bucket;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.simreg.worker.base.concurrent.NamedThreads;

/** A server that answers requests to S3 without end. */
public final class EndlessBucket implements AutoCloseable {
    /** What has no end. */
    public enum Kind {
        /** The names of one page of a listing. */
        PAGE,
        /** The pages of a listing, which have no names. */
        PAGES,
        /** The text of an error. */
        ERROR
    }

    private static final String LISTING =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>endless</Name><KeyCount>%d</KeyCount>";

    private final ServerSocket server;
    private final AtomicInteger requests = new AtomicInteger();
    private volatile Kind kind;

    /**
     * @param port 0 for any
     */
    public EndlessBucket(int port, Kind kind) throws IOException {
        this.kind = kind;
        server = new ServerSocket(port, 100, InetAddress.getLoopbackAddress());
        NamedThreads.thread("endless-bucket", this::accept).start();
    }

    /** Where clients find it. */
    public String address() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** Answers otherwise from now on, and ends the answers before. */
    public void answer(Kind other) {
        kind = other;
        requests.set(0);
    }

    /** Requests that came since the kind of answers changed last. */
    public int requests() {
        return requests.get();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                NamedThreads.thread("endless-bucket-" + client.getPort(), () -> serve(client))
                        .start();
            } catch (IOException e) {
                // It was closed.
                return;
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            int number = 0;
            while (asked(client.getInputStream())) {
                requests.incrementAndGet();
                answer(client.getOutputStream(), number);
                number++;
            }
        } catch (IOException e) {
            // The client has had enough.
        }
    }

    private static boolean asked(InputStream in) throws IOException {
        int last = 0;
        while (last != 0x0D0A0D0A) {
            int one = in.read();
            if (one < 0) {
                return false;
            }
            last = last << 8 | one;
        }
        return true;
    }

    private void answer(OutputStream out, int number) throws IOException {
        Kind begun = kind;
        if (begun == Kind.PAGES) {
            String page = LISTING.formatted(0) + "<IsTruncated>true</IsTruncated><NextContinuationToken>" + number + "-"
                    + System.nanoTime() + "</NextContinuationToken></ListBucketResult>";
            String head = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n";
            out.write((head.formatted(page.length()) + page).getBytes(StandardCharsets.US_ASCII));
            return;
        }
        String status = begun == Kind.ERROR ? "500 Internal Server Error" : "200 OK";
        String begin = begun == Kind.ERROR ? "<Error><Code>InternalError</Code><Message>" : LISTING.formatted(1000);
        String more =
                begun == Kind.ERROR ? "it is worse than you think, " : "<Contents><Key>data/a/1.jpg</Key></Contents>";
        out.write(("HTTP/1.1 " + status + "\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n" + begin)
                .getBytes(StandardCharsets.US_ASCII));
        byte[] block = more.repeat(1000).getBytes(StandardCharsets.US_ASCII);
        while (!server.isClosed() && kind == begun) {
            out.write(block);
        }
        throw new IOException("the answer ends with its connection");
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new IllegalStateException("the server can't be closed", e);
        }
    }
}
