package org.simreg.bench.attack.port;

import java.util.List;
import java.util.regex.Pattern;

/** Messages of 16 MiB of unknown fields to the RPCs that want no token. */
final class LargeHealthChecks {
    private static final Pattern REFUSED =
            Pattern.compile("8 (A message to .* may have at most 4096 bytes; |Too much at a time: ).*");

    private LargeHealthChecks() {}

    /**
     * Ends with 1 if a message was not refused by its size.
     *
     * @param arguments HOST:PORT
     */
    public static void main(String[] arguments) throws Exception {
        Target target = Target.of(arguments);
        Verdict verdict = new Verdict("large health checks");
        byte[] unknown = new byte[16 << 20];
        for (int i = 0; i < unknown.length; i += 2) {
            // Field 15, a varint of 1.
            unknown[i] = 15 << 3;
            unknown[i + 1] = 1;
        }
        for (String method : List.of("grpc.health.v1.Health/Check", "externalscaler.ExternalScaler/IsActive")) {
            for (int i = 0; i < 4; i++) {
                String answer = target.insisted(() -> {
                    try (Http2Attacker client = new Http2Attacker(target)) {
                        int call = client.begin(method);
                        client.prefix(call, unknown.length);
                        client.data(call, unknown);
                        client.end(call);
                        return client.ended(call);
                    }
                });
                verdict.expect("16 MiB to " + method, answer, REFUSED);
            }
        }
        verdict.expectHealth(target);
        verdict.tell("8 calls without a token of 16 MiB of unknown fields each");
    }
}
