package dev.lockstep.arch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.lang.invoke.VarHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The mapped buffer stays in {@code memory}, and is read and written there only in ways in which a
 * fault (the file was truncated by force) is an {@code InternalError}. In intrinsics that loop over
 * memory, and in native code that is handed the address, the same fault kills the JVM.
 */
class MappedMemoryTest {
  private static final String MEMORY = "dev.lockstep.memory";

  /** Absolute bulk access, and what touches no byte of the memory. */
  private static final Set<String> ALLOWED_ON_BUFFERS =
      Set.of("get", "put", "order", "capacity", "duplicate", "slice", "asReadOnlyBuffer", "force");

  private final JavaClasses core = ProductionCode.CLASSES;

  @Test
  void onlyMemoryHoldsAMappedBuffer() {
    noClasses()
        .that()
        .resideOutsideOfPackage(MEMORY)
        .should()
        .dependOnClassesThat()
        .areAssignableTo(MappedByteBuffer.class)
        .check(core);
    noClasses()
        .that()
        .resideOutsideOfPackage(MEMORY)
        .should()
        .callMethod(
            java.nio.channels.FileChannel.class,
            "map",
            java.nio.channels.FileChannel.MapMode.class,
            long.class,
            long.class)
        .check(core);
  }

  @Test
  void memoryHandsNoBufferOut() {
    noMethods()
        .that()
        .areDeclaredInClassesThat()
        .resideInAPackage(MEMORY)
        .and()
        .areNotPrivate()
        .should()
        .haveRawReturnType(describe("a buffer", type -> type.isAssignableTo(Buffer.class)))
        .allowEmptyShould(true)
        .check(core);
    noFields()
        .that()
        .areDeclaredInClassesThat()
        .resideInAPackage(MEMORY)
        .and()
        .areNotPrivate()
        .should()
        .haveRawType(describe("a buffer", type -> type.isAssignableTo(Buffer.class)))
        .allowEmptyShould(true)
        .check(core);
  }

  @Test
  void memoryCallsNothingOnABufferThatLoopsOverItOrLeavesJava() {
    noClasses()
        .that()
        .resideInAPackage(MEMORY)
        .should()
        .callMethodWhere(onABuffer().and(describe("not plain access", this::isNotPlainAccess)))
        .allowEmptyShould(true)
        .check(core);
  }

  @Test
  void memoryPassesNoBufferToChannelsChecksumsAndCoders() {
    noClasses()
        .that()
        .resideInAPackage(MEMORY)
        .should()
        .callMethodWhere(
            describe(
                "takes a buffer and is not the address for the futex",
                call -> takesABuffer(call.getTarget()) && !isAllowedTaker(call.getTarget())))
        .allowEmptyShould(true)
        .check(core);
  }

  private static DescribedPredicate<JavaCall<?>> onABuffer() {
    return describe("on a buffer", call -> call.getTargetOwner().isAssignableTo(ByteBuffer.class));
  }

  private boolean isNotPlainAccess(JavaCall<?> call) {
    return !ALLOWED_ON_BUFFERS.contains(call.getName());
  }

  private static boolean takesABuffer(AccessTarget.CodeUnitCallTarget target) {
    return target.getRawParameterTypes().stream().anyMatch(it -> it.isAssignableTo(Buffer.class));
  }

  private static boolean isAllowedTaker(AccessTarget.CodeUnitCallTarget target) {
    JavaClass owner = target.getOwner();
    return owner.getPackageName().equals(MEMORY)
        || owner.isEquivalentTo(VarHandle.class)
        || owner.getFullName().equals("dev.lockstep.os.NativeAddress");
  }
}
