package org.simreg.bench.attack.port;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A client of HTTP/2 on a socket that sends gRPC's calls by frames as told, right or wrong, and reads
 * how one of them ended.
 */
final class Http2Attacker implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int SETTINGS = 4;
    private static final int INITIAL_WINDOW = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;
    private static final int LONGEST = 16_384;

    /** More than the server gives a request to get complete. */
    private static final int SECONDS = 60;

    private final Socket socket;
    private final DataOutputStream out;
    private final DataInputStream in;
    private final DefaultHttp2HeadersDecoder headers = new DefaultHttp2HeadersDecoder(false);
    private final Map<Integer, String> ended = new HashMap<>();
    private final Map<Integer, Long> windows = new HashMap<>();
    private final long[] initial = {65_535};
    private long window = 65_535;
    private String broken = "";
    private int next = 1;

    /** Connects. */
    Http2Attacker(Target target) throws IOException {
        socket = target.connect();
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, new byte[0]);
        Thread reader = new Thread(this::read, "http2-attacker");
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Begins a call.
     *
     * @param method such as "simreg.v1.Jobs/Get"
     * @return the stream
     */
    public int begin(String method) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        header(block, ":method", "POST");
        header(block, ":scheme", "http");
        header(block, ":path", "/" + method);
        header(block, ":authority", "localhost");
        header(block, "content-type", "application/grpc");
        header(block, "te", "trailers");
        int stream = next;
        next += 2;
        frame(HEADERS, END_HEADERS, stream, block.toByteArray());
        return stream;
    }

    /** Sends gRPC's prefix of a message. */
    public void prefix(int stream, int length) throws IOException {
        data(stream, ByteBuffer.allocate(5).putInt(1, length).array());
    }

    /** Sends bytes of a message, in frames of a length, as the server lets it, until the call has ended. */
    public void data(int stream, byte[] bytes, int length) throws IOException {
        for (int i = 0; i < bytes.length; i += length) {
            byte[] part = Arrays.copyOfRange(bytes, i, Math.min(i + length, bytes.length));
            if (!room(stream, part.length)) {
                return;
            }
            frame(DATA, 0, stream, part);
        }
    }

    private synchronized boolean room(int stream, int length) {
        await(() -> ended.containsKey(stream)
                || window >= length && windows.getOrDefault(stream, 0L) + initial[0] >= length);
        window -= length;
        windows.merge(stream, (long) -length, Long::sum);
        return !ended.containsKey(stream);
    }

    private synchronized void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!condition.getAsBoolean()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (!broken.isEmpty()) {
                throw new UncheckedIOException(new IOException(broken));
            }
            if (left <= 0) {
                throw new IllegalStateException("nothing came in " + SECONDS + " s");
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Sends bytes of a message in the longest frames. */
    public void data(int stream, byte[] bytes) throws IOException {
        data(stream, bytes, LONGEST);
    }

    /** Ends the request. */
    public void end(int stream) throws IOException {
        frame(DATA, END_STREAM, stream, new byte[0]);
    }

    /** How a call ended, "CODE sentence"; waits for it. */
    public synchronized String ended(int stream) {
        await(() -> ended.containsKey(stream));
        return ended.get(stream);
    }

    /** Whether the connection is open still, or how it ended. */
    synchronized String state() {
        return broken.isEmpty() ? "open" : broken;
    }

    private void read() {
        try {
            while (true) {
                int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
                int type = in.readUnsignedByte();
                int flags = in.readUnsignedByte();
                int id = in.readInt() & Integer.MAX_VALUE;
                take(type, flags, id, in.readNBytes(length));
            }
        } catch (IOException e) {
            take(e);
        }
    }

    private synchronized void take(IOException e) {
        broken = broken.isEmpty() ? "the connection broke: " + e : broken;
        notifyAll();
    }

    private synchronized void take(int type, int flags, int id, byte[] body) throws IOException {
        switch (type) {
            case HEADERS -> {
                Http2Headers block = decoded(id, body);
                if (block.get("grpc-status") != null) {
                    ended.put(id, block.get("grpc-status") + " " + text(block.get("grpc-message")));
                }
            }
            case RESET -> ended.putIfAbsent(id, "RESET " + ByteBuffer.wrap(body).getInt());
            case GOAWAY -> broken = "GOAWAY " + new String(body, 8, body.length - 8, StandardCharsets.UTF_8);
            case WINDOW_UPDATE -> {
                long more = ByteBuffer.wrap(body).getInt();
                window += id == 0 ? more : 0;
                windows.merge(id, more, Long::sum);
            }
            case PING -> frame(PING, 1, 0, body, flags == 0);
            case SETTINGS -> {
                ByteBuffer settings = ByteBuffer.wrap(body);
                while (settings.hasRemaining()) {
                    short name = settings.getShort();
                    int value = settings.getInt();
                    initial[0] = name == INITIAL_WINDOW ? value : initial[0];
                }
                frame(SETTINGS, 1, 0, new byte[0], flags == 0);
            }
            case DATA -> frame(WINDOW_UPDATE, 0, 0, length(body.length), body.length > 0);
            default -> {}
        }
        notifyAll();
    }

    private Http2Headers decoded(int id, byte[] body) throws IOException {
        try {
            return headers.decodeHeaders(id, Unpooled.wrappedBuffer(body));
        } catch (io.netty.handler.codec.http2.Http2Exception e) {
            throw new IOException(e);
        }
    }

    private static String text(CharSequence message) {
        // What gRPC escapes; a plus sign stays one.
        return message == null ? "" : URLDecoder.decode(message.toString().replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** A literal without indexing, HPACK's plainest. */
    private static void header(ByteArrayOutputStream block, String name, String value) {
        block.write(0);
        block.write(name.length());
        block.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        block.write(value.length());
        block.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] length(int bytes) {
        return ByteBuffer.allocate(4).putInt(bytes).array();
    }

    private void frame(int type, int flags, int stream, byte[] body, boolean wanted) throws IOException {
        if (wanted) {
            frame(type, flags, stream, body);
        }
    }

    private synchronized void frame(int type, int flags, int stream, byte[] body) throws IOException {
        out.writeByte(body.length >> 16);
        out.writeShort(body.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(body);
        out.flush();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
