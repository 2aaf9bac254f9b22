package org.simreg.worker.network.family;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Network;

/** The networks that a job can name beside those that have layers. */
class NetworksTest {
    @Test
    void everyNameOfAJobHasItsLayers() {
        Set<Network> named = EnumSet.complementOf(EnumSet.of(Network.AUTO, Network.UNRECOGNIZED));
        assertEquals(named, EnumSet.copyOf(Networks.all()));
    }
}
