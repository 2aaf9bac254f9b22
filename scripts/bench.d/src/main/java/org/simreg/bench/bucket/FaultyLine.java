package org.simreg.bench.bucket;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.base.concurrent.NamedThreads;

/** A proxy of HTTP/1.1 to a port of this machine that can do harm to requests and answers, one after the other. */
public final class FaultyLine implements AutoCloseable {
    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)");
    private static final Pattern TAG = Pattern.compile("(?i)\r\netag: *[^\r]+");
    private static final Pattern CHUNKED = Pattern.compile("(?i)\r\ntransfer-encoding: *chunked");
    private static final Pattern XML = Pattern.compile("(?i)\r\ncontent-type: *application/xml");
    private static final String LISTING = "<ListBucketResult";
    private static final Pattern NAMES = Pattern.compile("<(Contents|CommonPrefixes)>.*</\\1>", Pattern.DOTALL);
    private static final byte[] SLOW_DOWN =
            ("HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 74\r\n\r\n"
                            + "<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>\n\n")
                    .getBytes(StandardCharsets.ISO_8859_1);

    /** What is done to one request. */
    public enum Fault {
        /** Nothing. */
        NONE,
        /** The server is said to be busy; it never hears of the request. */
        THROTTLED,
        /** The answer's body ends in the middle, and the connection with it. */
        CUT,
        /** The answer's body is said to be shorter than it is, and is cut to that. */
        SHORT,
        /** The answer's body is said to be longer than it is, and the connection ends behind it. */
        LONG,
        /** A listing ends in the middle, and is said to be that long. */
        GARBLED,
        /** A listing has lost its objects and folders, but not their count. */
        EMPTIED,
        /** In place of a listing comes an error, as if it were one. */
        ERROR,
        /** The head of an object says another length. */
        HEAD_LENGTH,
        /** The head of an object says another ETag. */
        HEAD_TAG,
        /** The connection ends without an answer. */
        DROPPED
    }

    private final ServerSocket server;
    private final int target;
    private final AtomicLong requests = new AtomicLong();
    private volatile LongFunction<Fault> faults = number -> Fault.NONE;
    private volatile Duration delay = Duration.ZERO;

    /**
     * @param target port of the server
     */
    FaultyLine(int target) throws IOException {
        this.target = target;
        server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        NamedThreads.thread("faulty-line", this::accept).start();
    }

    /** Where clients find it. */
    public String address() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** Requests so far. */
    public long requests() {
        return requests.get();
    }

    /**
     * Does harm from now on.
     *
     * @param fault of a request, by its number from 0
     */
    public void faults(LongFunction<Fault> fault) {
        requests.set(0);
        faults = fault;
    }

    /** Does all the harm there is from now on, one kind after the other, to one request of five. */
    public void harm() {
        Fault[] all = Fault.values();
        faults(number -> number % 5 == 0 ? all[(int) (number / 5 % all.length)] : Fault.NONE);
    }

    /** Does no harm from now on, and adds nothing. */
    public void mend() {
        faults(number -> Fault.NONE);
        delay(Duration.ZERO);
    }

    /** Adds so much to every request from now on. */
    public void delay(Duration time) {
        delay = time;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                NamedThreads.thread("faulty-line-" + client.getPort(), () -> serve(client))
                        .start();
            } catch (IOException e) {
                // It was closed.
                return;
            }
        }
    }

    private void serve(Socket client) {
        try (client;
                Socket up = new Socket(InetAddress.getLoopbackAddress(), target)) {
            client.setTcpNoDelay(true);
            up.setTcpNoDelay(true);
            InputStream asked = new BufferedInputStream(client.getInputStream());
            InputStream answers = new BufferedInputStream(up.getInputStream());
            while (one(new Ends(asked, client.getOutputStream()), new Ends(answers, up.getOutputStream()))) {
                continue;
            }
        } catch (IOException e) {
            // Either side has gone; the other one sees that too.
        }
    }

    /** Both ways of a connection. */
    private record Ends(InputStream in, OutputStream out) {}

    /** One request and its answer; whether another may follow. */
    private boolean one(Ends client, Ends up) throws IOException {
        byte[] asked = message(client.in(), false);
        if (asked.length == 0) {
            return false;
        }
        Fault fault = faults.apply(requests.getAndIncrement());
        LockSupport.parkNanos(delay.toNanos());
        OutputStream out = client.out();
        if (fault == Fault.THROTTLED) {
            out.write(SLOW_DOWN);
            return true;
        } else if (fault == Fault.DROPPED) {
            return false;
        }
        up.out().write(asked);
        byte[] answer = message(up.in(), asked[0] == 'H');
        if (answer.length == 0) {
            return false;
        } else if (asked[0] == 'H') {
            out.write(head(answer, fault));
            return true;
        }
        int body = body(answer);
        int length = answer.length - body;
        if (fault == Fault.CUT && length > 1) {
            out.write(answer, 0, body + length / 2);
            return false;
        } else if (fault == Fault.SHORT && length > 1) {
            out.write(head(answer, body, length / 2));
            out.write(answer, body, length / 2);
            return true;
        } else if (fault == Fault.LONG && length > 1) {
            out.write(head(answer, body, length + 100));
            out.write(answer, body, length);
            return false;
        }
        out.write(isListing(answer, body) ? harmed(answer, body, fault) : answer);
        return true;
    }

    private static byte[] head(byte[] answer, Fault fault) {
        String head = new String(answer, StandardCharsets.ISO_8859_1);
        String told = switch (fault) {
            case HEAD_LENGTH -> LENGTH.matcher(head).replaceFirst("\r\nContent-Length: 1$1");
            case HEAD_TAG -> TAG.matcher(head).replaceFirst("\r\nETag: \"of another one\"");
            default -> head;
        };
        return told.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** An object's bytes are no text, and making one of them would cost more than all else here. */
    private static boolean isListing(byte[] answer, int body) {
        boolean xml = XML.matcher(new String(answer, 0, body, StandardCharsets.ISO_8859_1))
                .find();
        return xml && new String(answer, body, answer.length - body, StandardCharsets.UTF_8).contains(LISTING);
    }

    private static byte[] harmed(byte[] answer, int body, Fault fault) {
        String listing = new String(answer, body, answer.length - body, StandardCharsets.UTF_8);
        String harmed = switch (fault) {
            case GARBLED -> listing.substring(0, listing.length() / 2);
            case EMPTIED -> NAMES.matcher(listing).replaceAll("");
            case ERROR ->
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>InternalError</Code>"
                        + "<Message>We lost it.</Message></Error>";
            default -> listing;
        };
        if (harmed.equals(listing)) {
            return answer;
        }
        return joined(Arrays.copyOf(answer, body), harmed.getBytes(StandardCharsets.UTF_8));
    }

    /** The answer's head with another length. */
    private static byte[] head(byte[] answer, int body, int length) {
        String head = new String(answer, 0, body - 2, StandardCharsets.ISO_8859_1);
        String plain = CHUNKED.matcher(LENGTH.matcher(head).replaceFirst("")).replaceFirst("");
        return (plain + "Content-Length: " + length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static int body(byte[] message) {
        int at = 0;
        for (int last = 0; last != 0x0D0A0D0A; at++) {
            last = last << 8 | message[at];
        }
        return at;
    }

    /** A head and its body; empty at the stream's end. */
    private static byte[] message(InputStream in, boolean headOnly) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int last = 0;
        while (last != 0x0D0A0D0A) {
            int one = in.read();
            if (one < 0) {
                return new byte[0];
            }
            bytes.write(one);
            last = last << 8 | one;
        }
        String head = bytes.toString(StandardCharsets.ISO_8859_1);
        Matcher length = LENGTH.matcher(head);
        if (headOnly) {
            return bytes.toByteArray();
        } else if (CHUNKED.matcher(head).find()) {
            return joined(bytes.toByteArray(), chunks(in));
        } else if (length.find()) {
            byte[] body = in.readNBytes(Integer.parseInt(length.group(1)));
            bytes.writeBytes(body);
        }
        return bytes.toByteArray();
    }

    private static byte[] joined(byte[] answer, byte[] body) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head(answer, answer.length, body.length));
        all.writeBytes(body);
        return all.toByteArray();
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream into = new ByteArrayOutputStream();
        int size = -1;
        while (size != 0) {
            StringBuilder line = new StringBuilder();
            while (line.length() < 2 || line.lastIndexOf("\r\n") != line.length() - 2) {
                int one = in.read();
                if (one < 0) {
                    throw new EOFException("a chunk's head is cut");
                }
                line.append((char) one);
            }
            size = Integer.parseInt(
                    line.substring(0, line.length() - 2).split(";")[0].strip(), 16);
            into.writeBytes(in.readNBytes(size));
            in.readNBytes(2);
        }
        return into.toByteArray();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new IllegalStateException("the line can't be closed", e);
        }
    }
}
