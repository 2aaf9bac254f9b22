package org.simreg.bench.attack.port;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a client, a browser and a member of nobody say to the port of the cluster. */
final class HazelcastClient {
    private HazelcastClient() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        List<String> answers = new ArrayList<>();
        for (String protocol : List.of("CP2", "GET /hazelcast/rest/cluster HTTP/1.1\r\n\r\n", "set a 0 0 1\r\nx\r\n")) {
            byte[] sent = Arrays.copyOf(protocol.getBytes(StandardCharsets.US_ASCII), 512);
            try {
                String said = target.said(sent);
                answers.add(said.length() <= 3 ? "hung up" : said.substring(0, Math.min(80, said.length())));
            } catch (IOException e) {
                answers.add(e.getMessage());
            }
        }
        Target.tell("cluster port", "the beginnings of Hazelcast's client protocol, REST and memcache", answers);
    }
}
