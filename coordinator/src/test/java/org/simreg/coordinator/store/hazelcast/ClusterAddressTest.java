package org.simreg.coordinator.store.hazelcast;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.EndpointQualifier;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.UserError;

class ClusterAddressTest {
    @ParameterizedTest
    @ValueSource(strings = {"a:b", "host:123456", "two words", "", "::1"})
    void aPeerThatIsNoHostAndPortIsRefused(String peer) {
        UserError refused = assertThrows(UserError.class, () -> settings(List.of(peer)));
        assertTrue(refused.getMessage().contains("'" + peer + "'"), refused.getMessage());
    }

    @Test
    void nothingIsFoundByMulticastOrGuesses() {
        JoinConfig join = ClusterConfig.of(settings(List.of("a", "b:5701", "[::1]:1")))
                .getAdvancedNetworkConfig()
                .getJoin();
        assertFalse(join.getMulticastConfig().isEnabled());
        assertFalse(join.getAutoDetectionConfig().isEnabled());
        assertEquals(List.of("a", "b:5701", "[::1]:1"), join.getTcpIpConfig().getMembers());
    }

    @Test
    void aKubernetesServiceTakesThePlaceOfTheList() {
        Config config =
                ClusterConfig.of(new ClusterAddress("c", "localhost", 5701, List.of("a:1"), Optional.of("simreg.svc")));
        JoinConfig join = config.getAdvancedNetworkConfig().getJoin();
        assertFalse(join.getTcpIpConfig().isEnabled());
        assertTrue(join.getKubernetesConfig().isEnabled());
        assertEquals("simreg.svc", join.getKubernetesConfig().getProperty("service-dns"));
        ServerSocketEndpointConfig members = (ServerSocketEndpointConfig)
                config.getAdvancedNetworkConfig().getEndpointConfigs().get(EndpointQualifier.MEMBER);
        assertEquals("127.0.0.1", members.getPublicAddress());
    }

    @Test
    void aHostWithoutAnAddressIsNamed() {
        ClusterAddress settings = new ClusterAddress("c", "no.such.host.invalid", 0, List.of(), Optional.empty());
        UserError refused = assertThrows(UserError.class, () -> ClusterConfig.of(settings));
        assertTrue(refused.getMessage().contains("no.such.host.invalid"));
    }

    private static ClusterAddress settings(List<String> peers) {
        return new ClusterAddress("c", "127.0.0.1", 0, peers, Optional.empty());
    }
}
