/* Gives bad pointers to system calls and shows what it gets. */
#include "herald.h"

static int failures;

static void expect(const char *what, int64_t result, int expected)
{
    print("badcall: %-34s %s\n", what, error_name(result));
    failures += result != -expected;
}

int main(const char *arguments)
{
    (void)arguments;
    char *null = 0;
    char *kernel = (char *)KERNEL_VIRTUAL_BASE;
    char *code = (char *)USER_BASE;
    char *straddling = (char *)grow(PAGE_SIZE) + PAGE_SIZE - 4;

    subscribe(500, 0, POLICY_DROP_OLDEST);
    expect("write from null", write(null, 8), EFAULT);
    expect("write from the kernel", write(kernel, 8), EFAULT);
    expect("publish from null", publish(500, null, 8, 0), EFAULT);
    expect("publish from the kernel", publish(500, kernel, 8, 0), EFAULT);
    expect("publish across a missing page", publish(500, straddling, 8, 0), EFAULT);
    expect("publish of 64 KiB and a byte", publish(500, code, MESSAGE_MAX + 1, 0), EMSGSIZE);
    expect("nothing of it arrived", receive(500, straddling, 4, 0, 0), EAGAIN);
    expect("receive into null", receive(500, null, 8, 0, 0), EFAULT);
    expect("receive into code", receive(500, code, 8, 0, 0), EFAULT);
    expect("spawn with a name in the kernel", spawn(kernel, 0), EFAULT);
    expect("list of processes to null", process_list((struct process_info *)null, 64), EFAULT);
    expect("subscribe twice", subscribe(500, 0, POLICY_DROP_OLDEST), EALREADY);
    expect("unsubscribe what is not there", unsubscribe(501), ENOENT);
    return failures != 0;
}
