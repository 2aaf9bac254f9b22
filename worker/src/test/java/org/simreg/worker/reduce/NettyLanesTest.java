package org.simreg.worker.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.UserError;

class NettyLanesTest {
    @Test
    void strangersOnThePortAreShownOutAndTheMembersGoOn() throws Exception {
        NettyLanes first = new NettyLanes("127.0.0.1", 0);
        NettyLanes second = new NettyLanes("127.0.0.1", 0);
        try (Members members = new Members(List.of(first, second))) {
            int port = Integer.parseInt(first.address().substring("127.0.0.1:".length()));
            try (Socket stranger = new Socket("127.0.0.1", port)) {
                stranger.setSoTimeout(60_000);
                String request =
                        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: a stranger\r\n\r\n";
                stranger.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                assertEquals(-1, stranger.getInputStream().read());
            }
            float[][] leaves = Leaves.random(1, 2, 100);
            assertArrayEquals(Leaves.mean(leaves), members.run(1, new int[] {1, 1}, leaves)[0][0]);
        }
    }

    @Test
    void aPortThatIsTakenIsNamed() {
        try (NettyLanes first = new NettyLanes("127.0.0.1", 0)) {
            int port = Integer.parseInt(first.address().substring("127.0.0.1:".length()));
            UserError e = assertThrows(UserError.class, () -> new NettyLanes("127.0.0.1", port));
            assertTrue(e.getMessage().contains(first.address()), e.getMessage());
        }
    }
}
