package org.simreg.worker.weights.format.script;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.format.StoredZip;
import org.simreg.worker.weights.tensor.CorruptFile;

/** Tests of which TorchScript source is let through to libtorch. */
class ScriptOperatorsTest {
    private static final Path MODULES = Path.of("src/test/resources/modules");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.save(x, \"/tmp/evil\")",
                "torch.from_file(\"/etc/passwd\", False, 10)",
                "torch . save(x, \"f\")",
                "torch.\\\n save(x, \"f\")",
                "torch. # here\n  save(x, \"f\")",
                "x.save(\"f\")",
                "(x).save(\"f\")",
                "x. # .dim()\n save(\"f\")",
                "f = torch\n  f.dim(x)",
                "f = torch.save",
                "g(torch)",
                "ops.aten.save(x, \"f\")",
                "ops.prim.PythonOp(x)",
                "ops.prim.rpc_sync(\"w\", \"f\", [x])",
                "ops.c10d.allreduce_(x)",
                "ops.inductor._alloc_from_pool(x)",
                "o = ops",
                "o = ops.aten",
                "ops.mine.write(x)",
                "torch.rpc_async(\"w\", \"f\")",
                "torch.new_operator_of_next_year(x)",
                "getattr(x, \"save\")(\"f\")",
                "getattr(x, \"sa\" \"ve\")(\"f\")",
                "getattr(x, \"\\163ave\")(\"f\")",
                "getattr(torch, \"dim\")(x)",
                "__torch__.torch.classes.dist_c10d.Store.__new__(x)",
                "t = __torch__.torch",
                "s = 'a # \"'; torch.save(x, \"f\")",
                "s = \"\"\"a\"\"\"; torch.save(x, \"f\")",
                "s = \"a\\\"; torch.save(x, 'f')",
            })
    void whatMayReachFilesProcessesOrMachinesIsRefused(String line) {
        CorruptFile refused = assertThrows(CorruptFile.class, () -> check(line));
        assertTrue(refused.getMessage().startsWith("its code/__torch__.py uses "), refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torch.conv2d(x, self.weight, None, [1, 1], [0, 0], [1, 1])",
                "torch.warn(\"to save time, \", 2)",
                "ops.prim.NumToTensor(torch.size(x, 0))",
                "__torch__.torch.nn.functional.gelu(x)",
                "getattr(self, \"0\")",
                "self.ops.dim(x)",
                "torch.append(y, x)",
                "x.append(torch.__getitem__(y, 0))",
                "__torch__.torch.classes.quantized.Conv2dPackedParamsBase",
            })
    void whatComputesIsLetThrough(String line) throws CorruptFile {
        check(line);
    }

    @Test
    void classesOfCppInPicklesAreRefused() {
        byte[] pickle =
                "\u0080\u0002c__torch__.torch.classes.dist_rpc\nWorkerInfo\n.".getBytes(StandardCharsets.ISO_8859_1);
        for (String name : List.of("data.pkl", "constants.pkl")) {
            CorruptFile refused =
                    assertThrows(CorruptFile.class, () -> ScriptOperators.requireOnlyCompute(Map.of(name, pickle)));
            assertTrue(refused.getMessage().contains("torch.classes.dist_rpc"), refused.getMessage());
        }
    }

    @Test
    void modulesThatPeopleWriteAreLetThrough() throws IOException {
        try (Stream<Path> files = Files.list(MODULES)) {
            for (Path file : files.filter(one ->
                            one.toString().endsWith(".pt") && !one.endsWith("bare.pt") && !one.endsWith("cut.pt"))
                    .toList()) {
                copy(file);
            }
        }
    }

    @Test
    void anEntryThatIsThereTwiceIsRefused() throws IOException {
        Path file = folder.resolve("twice.pt");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                StoredZip zip = new StoredZip(channel)) {
            zip.add("m/data.pkl", new byte[] {'N', '.'});
            zip.add("m/code/__torch__.py", "torch.dim(x)".getBytes(StandardCharsets.UTF_8));
            zip.add("m/CODE/__torch__.py", "torch.save(x)".getBytes(StandardCharsets.UTF_8));
        }
        UserError refused = assertThrows(UserError.class, () -> copy(file));
        assertTrue(
                refused.getMessage().contains(file + ": its record CODE/__torch__.py is there twice"),
                refused.getMessage());
    }

    private void copy(Path file) throws IOException {
        Path copy = Files.createTempFile(folder, "copy", ".pt");
        try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
            ScriptCopy.write(file, channel);
        }
    }

    private static void check(String line) throws CorruptFile {
        String source =
                "class Net(Module):\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n  " + line + "\n";
        ScriptOperators.requireOnlyCompute(Map.of("code/__torch__.py", source.getBytes(StandardCharsets.UTF_8)));
    }
}
