package org.simreg.bench.attack.port;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Requests to the page that never get complete, hundreds at a time, one without end and ways out of its folder. */
final class HalfPages {
    private static final int CONNECTIONS = 300;

    /** Several times what the page gives a request to get complete. */
    private static final int SECONDS = 120;

    private static final Pattern NO_PAGE = Pattern.compile("HTTP/1\\.[01] 4\\d\\d .*");

    private HalfPages() {}

    /**
     * Ends with 1 if more connections stay open than may, or a page is given that there isn't.
     *
     * @param arguments HOST:PORT, and the most connections that it lets an address have
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        int most = Integer.parseInt(arguments[1]);
        Verdict verdict = new Verdict("half pages");
        List<Socket> all = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            Socket socket = target.connect();
            all.add(socket);
            try {
                socket.getOutputStream()
                        .write("GET /metrics HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException refused) {
                // One too many: it was closed at once.
            }
        }
        int open = Target.open(all);
        verdict.note(open + " of them open at first");
        verdict.check(open <= most, open + " connections of one address were kept open; " + most + " are the most");
        for (int i = 0; i < SECONDS && open > 0; i++) {
            TimeUnit.SECONDS.sleep(1);
            open = Target.open(all);
        }
        verdict.check(open == 0, open + " half requests were not hung up on in " + SECONDS + " s");
        for (Socket socket : all) {
            socket.close();
        }
        for (String path : List.of(
                "/" + "a".repeat(1 << 20),
                "/../../../../etc/passwd",
                "/%2e%2e/%2e%2e/etc/passwd",
                "/api/banks/..%2f..%2f/pictures/0")) {
            String name = path.substring(0, Math.min(path.length(), 40));
            verdict.expect(name, target.insisted(() -> target.line(path)), NO_PAGE);
        }
        verdict.expectPage(target);
        verdict.tell(CONNECTIONS + " half requests, and 4 whole ones");
    }
}
