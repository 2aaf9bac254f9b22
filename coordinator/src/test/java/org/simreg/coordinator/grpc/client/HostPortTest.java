package org.simreg.coordinator.grpc.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.UserError;

class HostPortTest {
    @ParameterizedTest
    @CsvSource({
        "localhost, localhost, 7100, localhost:7100",
        "h:1, h, 1, h:1",
        "10.0.0.5:65535, 10.0.0.5, 65535, 10.0.0.5:65535",
        "[::1], ::1, 7100, [::1]:7100",
        "' [fe80::1%eth0]:80 ', fe80::1%eth0, 80, [fe80::1%eth0]:80",
    })
    void aTargetIsAHostWithOrWithoutAPort(String text, String host, int port, String shown) {
        HostPort target = HostPort.parse("--coordinator", text, 7100);
        assertEquals(new HostPort(host, port), target);
        assertEquals(shown, target.toString());
        assertEquals(target, HostPort.parse("--coordinator", shown, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":7100", "a:", "a:b", "http://a:1", "::1", "a:0", "a:70000", "a b"})
    void whatIsNoTargetIsRefusedByItsOption(String text) {
        UserError e = assertThrows(UserError.class, () -> HostPort.parse("--peers", text, 5701));
        assertTrue(e.getMessage().startsWith("--peers: "), e.getMessage());
        assertTrue(e.getMessage().contains("'" + text + "'"), e.getMessage());
    }
}
