package org.simreg.bench.attack.port;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Messages of which the end never comes, in many calls on many connections. */
final class UnfinishedMessages {
    private static final int CONNECTIONS = 16;
    private static final int CALLS = 40;

    private UnfinishedMessages() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        List<String> answers = new ArrayList<>();
        List<Http2Attacker> open = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            try {
                Http2Attacker client = new Http2Attacker(target);
                open.add(client);
                int last = 0;
                for (int j = 0; j < CALLS; j++) {
                    last = client.begin("simreg.v1.Search/Search");
                    client.prefix(last, 16 << 20);
                    client.data(last, new byte[1 << 20]);
                }
                answers.add(client.ended(last));
            } catch (IOException | IllegalStateException e) {
                answers.add(e.getMessage());
            }
        }
        for (Http2Attacker one : open) {
            one.close();
        }
        String sent = CONNECTIONS + " connections of " + CALLS + " queries, of each 1 of 16 MiB";
        Target.tell("unfinished messages", sent, answers);
    }
}
