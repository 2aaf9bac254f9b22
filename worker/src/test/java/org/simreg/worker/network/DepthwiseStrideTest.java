package org.simreg.worker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.UserError;
import org.simreg.worker.network.family.Networks;

/** The rule of settings about depthwise convolutions of stride 2 beside the networks that have some. */
class DepthwiseStrideTest {
    private static boolean isStrided(NetworkGraph.Node node) {
        return node.op() instanceof Op.Convolution convolution
                && convolution.groups() > 1
                && convolution.groups() == convolution.in()
                && convolution.stride() > 1;
    }

    /** Why a job of tiny views isn't allowed in bfloat16. */
    private static String refusal(Network network) {
        Job.Builder job = Job.newBuilder().setName("one").setPrecision(Precision.BFLOAT16);
        job.getDatasetBuilder().addPath("/data");
        job.addTeachersBuilder().setSource("/t.pth");
        job.getCheckpointsBuilder().setOutput("/out");
        job.getViewsBuilder().setSize(16);
        job.getStudentBuilder().setNetwork(network);
        try {
            JobSettings.complete(job.build());
            return "";
        } catch (UserError e) {
            return e.getMessage();
        }
    }

    @Test
    void everyStudentThatHasSomeIsRefusedAtASinglePixelAndNoOther() {
        List<Network> students = new ArrayList<>();
        for (Network network : Networks.all()) {
            String refusal = refusal(network);
            boolean strided = Networks.backbone(network).nodes().stream().anyMatch(DepthwiseStrideTest::isStrided);
            if (!refusal.contains("student.network")) {
                students.add(network);
                assertEquals(strided, refusal.contains("can't be repeated to the bit"), network + ": " + refusal);
            }
        }
        assertTrue(students.contains(Network.MOBILENETV4_CONV_SMALL) && students.size() > 20, students.toString());
    }
}
