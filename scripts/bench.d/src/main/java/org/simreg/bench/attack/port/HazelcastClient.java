package org.simreg.bench.attack.port;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** What a client, a browser and a member of nobody say to the port of the cluster. */
final class HazelcastClient {
    /** Members say their protocol first; then it hangs up. */
    private static final Pattern HUNG_UP = Pattern.compile(".{0,3}", Pattern.DOTALL);

    private static final String MEMBER = "HZC";

    private HazelcastClient() {}

    /**
     * Ends with 1 if a client was answered.
     *
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        Verdict verdict = new Verdict("cluster port");
        for (String protocol : List.of("CP2", "GET /hazelcast/rest/cluster HTTP/1.1\r\n\r\n", "set a 0 0 1\r\nx\r\n")) {
            byte[] sent = Arrays.copyOf(protocol.getBytes(StandardCharsets.US_ASCII), 512);
            verdict.expect(protocol, said(target, sent), HUNG_UP);
        }
        // What a member says first is answered by the same.
        byte[] member = MEMBER.getBytes(StandardCharsets.US_ASCII);
        verdict.check(
                target.insisted(() -> target.begun(member, MEMBER.length())).equals(MEMBER),
                "a member's protocol was not answered");
        verdict.tell("the beginnings of Hazelcast's client protocol, REST and memcache");
    }

    private static String said(Target target, byte[] sent) {
        try {
            return target.said(sent);
        } catch (SocketTimeoutException e) {
            return "nothing, and it didn't hang up";
        } catch (IOException e) {
            return "";
        }
    }
}
