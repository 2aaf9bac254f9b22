package org.simreg.bench.attack.port;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The port that is attacked.
 *
 * @param host name or address
 */
record Target(String host, int port) {
    private static final int PATIENCE_MS = 60_000;
    private static final int TIMES = 60;

    /** Address of the attacker, one of this machine's. */
    private static final String FROM = System.getProperty("attack.from", "127.0.0.1");

    /** Reads a command line of HOST:PORT. */
    static Target of(String[] arguments) {
        int colon = arguments.length == 1 ? arguments[0].lastIndexOf(':') : -1;
        if (colon < 0) {
            throw new IllegalArgumentException("give one HOST:PORT");
        }
        return new Target(arguments[0].substring(0, colon), Integer.parseInt(arguments[0].substring(colon + 1)));
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(host, port, InetAddress.getByName(FROM), 0);
        socket.setSoTimeout(PATIENCE_MS);
        return socket;
    }

    /** Sends bytes and reads until the other side hangs up. */
    String said(byte[] sent) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(sent);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** As {@link #said}; where others have all connections it is tried again. */
    String saidAtLast(byte[] sent) throws IOException, InterruptedException {
        for (int i = 1; i < TIMES; i++) {
            try {
                return said(sent);
            } catch (IOException refused) {
                TimeUnit.SECONDS.sleep(1);
            }
        }
        return said(sent);
    }

    /** Prints the one line; answers that came several times are counted. */
    static void tell(String attack, String sent, Iterable<String> answers) {
        Map<String, Integer> counted = new TreeMap<>();
        answers.forEach(answer -> counted.merge(answer.replaceAll("\\s+", " ").strip(), 1, Integer::sum));
        System.out.println(attack + ", " + sent + ", " + counted);
    }
}
