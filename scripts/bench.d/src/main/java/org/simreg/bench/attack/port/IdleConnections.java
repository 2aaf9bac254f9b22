package org.simreg.bench.attack.port;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Connections that speak HTTP/2 and then nothing, more than there may be descriptors. */
final class IdleConnections {
    private static final int COUNT = 600;
    private static final int HELD_SECONDS = 20;

    private IdleConnections() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        List<Http2Attacker> open = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            try {
                open.add(new Http2Attacker(target));
            } catch (IOException e) {
                answers.add(e.getMessage());
            }
        }
        TimeUnit.SECONDS.sleep(HELD_SECONDS);
        for (Http2Attacker one : open) {
            answers.add(one.state());
            one.close();
        }
        Target.tell("idle connections", COUNT + " connections, silent for " + HELD_SECONDS + " s", answers);
    }
}
