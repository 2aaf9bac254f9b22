package org.simreg.worker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.family.Networks;

class TokenFeatureTest {
    private static final String OPTION = "--teacher-output";

    @ParameterizedTest
    @CsvSource({
        "DINOV2_VITS14, cls, 384",
        "DINOV3_VITS16, mean, 384",
        "DINOV2_VITB14_REG, cls+mean, 1536",
        "CLIP_VITB32, cls, 768",
        "SIGLIP_VITB16, mean, 768"
    })
    void theTokensAreTakenAheadOfProjectionAndPooling(Network name, String word, int width) {
        NetworkGraph taken = TokenFeature.of(Networks.backbone(name), word, OPTION);
        assertEquals(width, taken.outputs());
        assertTrue(taken.nodes().get(taken.nodes().size() - 1).op() instanceof Op.TokenPool);
    }

    @Test
    void withoutAWordTheFeatureIsTheNetworksOwn() {
        NetworkGraph network = Networks.backbone(Network.CLIP_VITB32);
        assertSame(network, TokenFeature.of(network, "", OPTION));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "RESNET50 | mean | resnet50 has no mean: its feature is one vector, which the network pools itself,"
                        + " of no tokens; leave it out",
                "SIGLIP_VITB16 | cls | siglip-vitb16 has no cls: it has no class token; choose mean or leave it out",
                "DINO_VITS16 | patches | 'patches' is none of cls, mean, cls+mean"
            })
    void whatANetworkDoesNotHaveIsRefused(Network name, String word, String why) {
        UserError refused = assertThrows(UserError.class, () -> TokenFeature.of(Networks.backbone(name), word, OPTION));
        assertEquals(OPTION + ": " + why, refused.getMessage());
    }
}
