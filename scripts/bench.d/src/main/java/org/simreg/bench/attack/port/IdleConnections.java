package org.simreg.bench.attack.port;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Connections that speak HTTP/2 and then nothing, more than there may be descriptors. */
final class IdleConnections {
    private static final int COUNT = 600;
    private static final int HELD_SECONDS = 20;
    private static final String OPEN = "open";

    private IdleConnections() {}

    /**
     * Ends with 1 if more stay open than may.
     *
     * @param arguments HOST:PORT, and the most connections that it lets an address have
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        int most = Integer.parseInt(arguments[1]);
        Verdict verdict = new Verdict("idle connections");
        List<Http2Attacker> all = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            try {
                all.add(new Http2Attacker(target));
            } catch (IOException e) {
                verdict.note(e.getMessage());
            }
        }
        TimeUnit.SECONDS.sleep(HELD_SECONDS);
        int open = 0;
        for (Http2Attacker one : all) {
            String state = one.state();
            open += state.equals(OPEN) ? 1 : 0;
            verdict.note(state);
            one.close();
        }
        verdict.check(open <= most, open + " connections of one address were kept open; " + most + " are the most");
        verdict.expectHealth(target);
        verdict.tell(COUNT + " connections, silent for " + HELD_SECONDS + " s");
    }
}
