package org.simreg.bench.attack.port;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Messages of which the end never comes, in many calls on many connections. */
final class UnfinishedMessages {
    private static final int CONNECTIONS = 16;
    private static final int CALLS = 40;

    /** By the memory that they take together, or by the time in which a request is to get complete. */
    private static final Pattern REFUSED =
            Pattern.compile("8 Too much at a time: .*|4 The request of .* was not complete .*");

    private UnfinishedMessages() {}

    /**
     * Ends with 1 if the last call of a connection was not refused.
     *
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        Verdict verdict = new Verdict("unfinished messages");
        List<Http2Attacker> open = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS && !verdict.isThrough(); i++) {
            String answer = target.insisted(() -> {
                Http2Attacker client = new Http2Attacker(target);
                open.add(client);
                int last = 0;
                for (int j = 0; j < CALLS; j++) {
                    last = client.begin("simreg.v1.Search/Search");
                    client.prefix(last, 16 << 20);
                    client.data(last, new byte[1 << 20]);
                }
                return client.ended(last);
            });
            verdict.expect("the last of " + CALLS + " unfinished queries", answer, REFUSED);
        }
        for (Http2Attacker one : open) {
            one.close();
        }
        verdict.expectHealth(target);
        verdict.tell(CONNECTIONS + " connections of " + CALLS + " queries, of each 1 of 16 MiB");
    }
}
